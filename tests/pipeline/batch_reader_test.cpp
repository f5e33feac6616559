#include "agent/pipeline/batch_reader.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/pipeline/rig.h"

namespace twinlog::testing {
namespace {

constexpr BatchRange kAll{.after = 0, .most_events = 10, .most_bytes = 1U << 20U};

/// Stands for the spool: leaves 1 to `last`, and every range that was asked for.
class BatchReaderTest : public ::testing::Test {
 protected:
  Result<SpoolBatch> read(const BatchRange& range) {
    asked_.push_back(range);
    if (is_damaged_) {
      return Error(ErrorKind::kCorrupt, "damaged");
    }
    SpoolBatch batch{.epoch = {}};
    for (std::uint64_t leaf = range.after + 1; leaf <= last_ && batch.items < range.most_events; ++leaf) {
      batch.versions.emplace_back().leaf_index = leaf;
      batch.last_number = leaf;
      ++batch.items;
    }
    return batch;
  }
  std::optional<std::size_t> size_of_taken(const BatchRange& range) {
    const auto batch = reader_.take(range);
    return batch ? std::optional(batch->versions.size()) : std::nullopt;
  }

  std::vector<BatchRange> asked_;
  std::uint64_t last_ = 3;
  bool is_damaged_ = false;
  BatchReader reader_{[this](const BatchRange& range) { return read(range); }};
};

TEST_F(BatchReaderTest, WhatWasReadAheadIsTakenOnceAndNotReadAgain) {
  reader_.read_ahead(kAll);
  EXPECT_EQ(size_of_taken(kAll), 3U);
  EXPECT_EQ(asked_, std::vector<BatchRange>{kAll});
  last_ = 5;
  EXPECT_EQ(size_of_taken(kAll), 5U);
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(BatchReaderTest, WhatWasReadForAnotherRangeIsNeverTaken) {
  for (const BatchRange& other : {BatchRange{1, 10, 1U << 20U}, BatchRange{0, 2, 1U << 20U}, BatchRange{0, 10, 1}}) {
    reader_.read_ahead(other);
    EXPECT_EQ(size_of_taken(kAll), 3U);
    EXPECT_EQ(asked_.back(), kAll);
  }
}

TEST_F(BatchReaderTest, NothingFoundAheadAndAnErrorAheadAreReadAgain) {
  last_ = 0;
  reader_.read_ahead(kAll);
  EXPECT_EQ(size_of_taken(kAll), 0U);
  is_damaged_ = true;
  reader_.read_ahead(kAll);
  EXPECT_EQ(size_of_taken(kAll), std::nullopt);
  reader_.read_ahead(kAll);
  reader_.forget();
  EXPECT_EQ(asked_.size(), 5U);
  is_damaged_ = false;
  last_ = 2;
  EXPECT_EQ(size_of_taken(kAll), 2U);
}

TEST(BatchReaderInACourier, EveryEventIsSentOnceThoughTheStoreRefusesBigBatches) {
  CourierSettings small;
  small.pace.batch_events = 8;
  Rig rig({}, small);
  rig.postgres.refuse_with(
      StoreError{.reaction = Reaction::kRetrySmaller, .code = "", .constraint = "", .words = "too big"}, 3);
  constexpr std::size_t kEvents = 61;
  for (std::size_t i = 0; i < kEvents; ++i) {
    rig.submit("event-" + std::to_string(i));
  }
  rig.run_for(std::chrono::minutes{20});
  EXPECT_EQ(rig.postgres.log_ids().size(), kEvents);
  for (std::size_t i = 0; i < kEvents; ++i) {
    EXPECT_EQ(rig.postgres.writes_of("event-" + std::to_string(i)), 1U);
  }
}

}  // namespace
}  // namespace twinlog::testing
