// A wrong bit in what a table says of itself, which RocksDB passes over: it takes the index for one of another form
// then.
#include <gmock/gmock.h>

#include <filesystem>

#include "spool/check_spool.h"
#include "tests/spool/promises.h"
#include "tests/spool/spool_fixture.h"
#include "tests/spool/spool_image.h"

namespace twinlog::testing {
namespace {

namespace fs = std::filesystem;

class SpoolTableProperties : public SpoolTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void damage_a_table(const SpoolImage& image) {
    fs::copy(image.path(), settings_.path, fs::copy_options::recursive);
    const std::string table = settings_.path + "/" + image.files_of(GetParam()).front();
    const std::size_t found = content_of(table).find("column.family");
    ASSERT_NE(found, std::string::npos) << "they are compressed now";
    FaultyFileSystem::flip(table, found);
  }
};

TEST_P(SpoolTableProperties, ThatAreDamagedCostNoEventWithoutAWord) {
  static const std::map<SpoolEnd, std::unique_ptr<SpoolImage>> images = SpoolImage::of_each_end();
  const SpoolImage& image = *images.at(SpoolEnd::kClosed);
  damage_a_table(image);
  const Result<SpoolCheck> checked = check_spool(settings_.path, [](std::string_view, std::uint64_t, std::uint64_t) {});
  ASSERT_TRUE(checked.has_value()) << checked.error().message();
  EXPECT_THAT(checked->findings, ::testing::Not(::testing::IsEmpty()));
  for (int opening = 1; opening <= 2; ++opening) {
    open();
    ASSERT_FALSE(HasFatalFailure());
    const std::vector<Version> kept = all_of(spool());
    std::uint64_t lost = 0;
    for (const Loss& loss : spool().stats().losses) {
      // Of a letter whose event is trimmed nothing is left but its table; whether the event still lies in a file, a
      // compaction decides.
      const bool is_of_letters = loss.leaves.last < image.promised().front().leaf_index;
      EXPECT_TRUE(!is_of_letters || std::string(GetParam()) == "dead_letters");
      lost += is_of_letters ? 0 : loss.leaves.last - loss.leaves.first + 1;
    }
    EXPECT_GE(kept.size() + lost, image.promised().size());  // The trim point may be lost.
    EXPECT_TRUE(lost == 0 || std::string(GetParam()) == "events");
  }
}

INSTANTIATE_TEST_SUITE_P(OfATableOf, SpoolTableProperties,
                         ::testing::Values("events", "ids", "default", "dead_letters"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace twinlog::testing
