// What one writer does to one account, case by case.
#include "ledger/lockout/marked_merge.h"

#include <gtest/gtest.h>

#include "tests/lockout/version_builder.h"

namespace twinlog {
namespace {

using testing::failed;

const Uuid own_epoch{1};
const Uuid other_epoch{2};

Version at_leaf(Version version, std::uint64_t leaf) {
  version.epoch_id = own_epoch;
  version.leaf_index = leaf;
  return version;
}

class MarkedMergeOf : public ::testing::Test {
 protected:
  MarkedMerge merge_one(const Version& version, bool is_inserted_now, const EpochLine& line) {
    return merge_marked(state_, true, {{.version = &version, .is_inserted_now = is_inserted_now}},
                        {.epoch_id = own_epoch, .line = line});
  }
  AccountState state_;
  Version version_ = at_leaf(failed(10), 7);
};

TEST_F(MarkedMergeOf, AVersionAboveTheMarkIsAddedWithoutACount) {
  state_.marks[own_epoch] = {.leaf_index = 6};
  EXPECT_EQ(merge_one(version_, false, {.delivered = 5}), MarkedMerge::kMerged);
  EXPECT_EQ(state_.failures_after, 1U);
  EXPECT_EQ(state_.marks[own_epoch].leaf_index, 7U);
}

TEST_F(MarkedMergeOf, AVersionAtTheMarkChangesNothing) {
  state_.marks[own_epoch] = {.leaf_index = 7};
  const AccountState before = state_;
  EXPECT_EQ(merge_one(version_, false, {.delivered = 5}), MarkedMerge::kNothing);
  EXPECT_EQ(state_, before);
}

TEST_F(MarkedMergeOf, AVersionThatIsDeliveredChangesNothingWithoutAMarkToo) {
  EXPECT_EQ(merge_one(version_, false, {.delivered = 7}), MarkedMerge::kNothing);
}

TEST_F(MarkedMergeOf, AVersionThatWasThereBeforeAndHasNoMarkIsCountedAnew) {
  EXPECT_EQ(merge_one(version_, false, {.delivered = 5}), MarkedMerge::kRecount);
}

TEST_F(MarkedMergeOf, AVersionBelowTheMarkOfAnAdopterIsMergedByItsOwnerOnceMore) {
  state_.marks[own_epoch] = {.leaf_index = 9};
  EXPECT_EQ(merge_one(version_, false, {.delivered = 5, .adopting = 9}), MarkedMerge::kRecount);
  EXPECT_EQ(state_.marks[own_epoch].leaf_index, 9U);
}

TEST_F(MarkedMergeOf, AVersionBelowTheMarkThatWasNotThereUntilNowSetsTheMarkBackOnlyWhereNobodyAdopted) {
  state_.marks[own_epoch] = {.leaf_index = 9};
  EXPECT_EQ(merge_one(version_, true, {.delivered = 5, .adopting = 9}), MarkedMerge::kRecount);
  EXPECT_EQ(state_.marks[own_epoch].leaf_index, 9U);
  EXPECT_EQ(merge_one(version_, true, {.delivered = 5}), MarkedMerge::kRecount);
  EXPECT_EQ(state_.marks[own_epoch].leaf_index, 7U);
}

TEST(RedundantMarks, OfThreeThousandEpochsAllGoButTheOwnAndThoseThatNoLineCovers) {
  AccountState state;
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    Uuid epoch_id{};
    epoch_id[14] = static_cast<std::uint8_t>(i >> 8U);
    epoch_id[15] = static_cast<std::uint8_t>(i);
    state.marks[epoch_id] = {.leaf_index = i};
  }
  state.marks[own_epoch] = {.leaf_index = 1};
  state.marks[other_epoch] = {.leaf_index = 4'000};
  drop_redundant_marks(state, own_epoch, [](const Uuid&) { return std::uint64_t{3'000}; });
  EXPECT_EQ(state.marks.size(), 2U);
  EXPECT_TRUE(state.marks.contains(own_epoch) && state.marks.contains(other_epoch));
  EXPECT_LT(encode_account_state(state).size(), 1024U);
}

}  // namespace
}  // namespace twinlog
