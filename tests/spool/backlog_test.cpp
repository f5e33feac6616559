#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

class SpoolStartOnCountingDisk : public testing::SpoolTest {
 protected:
  SpoolStartOnCountingDisk() {
    settings_.env = disk_.env.get();
    settings_.compression = SpoolCompression::kNone;
  }
  testing::FaultyDisk disk_;
};

TEST_F(SpoolStartOnCountingDisk, DoesNotReadTheBacklog) {
  settings_.max_bytes = 256U << 20U;
  open();
  store_many("e", 200'000);
  settle();
  const std::uint64_t folder_bytes = spool().stats().disk_bytes;
  const std::uint64_t before = disk_.files->bytes_read();
  open();
  ASSERT_EQ(spool().last_leaf(), 200'000U);
  EXPECT_GT(folder_bytes, 40U << 20U);
  // The write-ahead logs are replayed, and they are bounded whatever the backlog is.
  EXPECT_LT(disk_.files->bytes_read() - before, 4 * (1U << 20U) + (4U << 20U));
}

TEST_F(SpoolStartOnCountingDisk, LeavesNoTextLog) {
  open();
  store_many("e", 2000, {.filler_bytes = 500});
  open();
  for (const auto& entry : std::filesystem::directory_iterator(settings_.path)) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(name == "LOCK" || !name.starts_with("LOG")) << name;
  }
}

}  // namespace
}  // namespace twinlog
