#include <gmock/gmock.h>

#include <filesystem>

#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::make_event;

class MissingFiles : public testing::SpoolTest {
 protected:
  MissingFiles() {
    open();
    EXPECT_EQ(offer_one(make_event("a")), Disposition::kStored);
  }
  void remove(const std::string& start, const std::string& end = "") {
    for (const auto& entry : std::filesystem::directory_iterator(settings_.path)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(start) && name.ends_with(end)) {
        std::filesystem::remove(entry.path());
      }
    }
  }
};

TEST_F(MissingFiles, ASpoolThatIsWholeMissesNothingWhateverItsTablesDo) {
  EXPECT_EQ(spool().missing(), "");
  store_many("b", 3000, {.filler_bytes = 2000});
  deliver_all();
  settle();
  EXPECT_EQ(spool().missing(), "");
}

TEST_F(MissingFiles, WhatIsTakenFromTheFolderIsNamed) {
  remove("CURRENT");
  EXPECT_EQ(spool().missing(), "CURRENT");
  remove("MANIFEST-");
  EXPECT_THAT(spool().missing(), AllOf(HasSubstr("CURRENT"), HasSubstr("MANIFEST-")));
}

TEST_F(MissingFiles, TheLogOfTheLastEventsIsMissedToo) {
  remove("0", ".log");
  EXPECT_EQ(spool().missing(), "its present log");
}

TEST_F(MissingFiles, AFolderThatWasMovedAwayIsGone) {
  std::filesystem::rename(settings_.path, settings_.path + ".old");
  EXPECT_EQ(spool().missing(), "the folder");
}

}  // namespace
}  // namespace twinlog
