// A queue on RocksDB that never stops: the folder stays flat, and no read wades through what was trimmed.
#include <gtest/gtest.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kEvents = 40'000;
#else
constexpr std::uint64_t kEvents = 1'000'000;
#endif
constexpr std::uint64_t kPerRound = 500;
constexpr std::uint64_t kBacklog = 2000;

class SpoolChurn : public testing::SpoolTest {
 protected:
  SpoolChurn() {
    settings_.max_bytes = 16U << 20U;
    settings_.keep_delivered = std::chrono::milliseconds{0};
    open();
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
  }
  void TearDown() override {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    SpoolTest::TearDown();
  }

  /// A round of events in, and as many out of the other end of the backlog.
  void turn() {
    const std::uint64_t last = spool().last_leaf();
    store_many("e" + std::to_string(last) + "-", kPerRound);
    if (last > kBacklog) {
      rocksdb::get_perf_context()->Reset();
      const auto versions = spool().read(spool().cursor(StoreId::kPostgres), kPerRound, 1U << 24U);
      ASSERT_TRUE(versions.has_value() && versions->size() == kPerRound);
      skipped_most_ = std::max(skipped_most_, rocksdb::get_perf_context()->internal_delete_skipped_count +
                                                  rocksdb::get_perf_context()->internal_key_skipped_count);
      deliver_all_up_to(versions->back().leaf_index);
    }
    ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  }

  std::uint64_t skipped_most_ = 0;
};

TEST_F(SpoolChurn, TheFolderStaysFlatAndNoReadSkipsDeadRecords) {
  std::uint64_t most_early = 0;  // In the second quarter: in the first one the folder finds its size.
  std::uint64_t most_late = 0;
  while (spool().last_leaf() < kEvents) {
    turn();
    if (HasFatalFailure()) {
      return;
    }
    if (spool().last_leaf() > kEvents / 4) {
      std::uint64_t& most = spool().last_leaf() < kEvents / 2 ? most_early : most_late;
      most = std::max(most, spool().stats().disk_bytes);
    }
  }
  RecordProperty("folder_bytes_most", static_cast<int>(most_late));
  EXPECT_LT(most_late, most_early + most_early / 2);
  EXPECT_LT(most_late, settings_.max_bytes / 8);
  // The iterator steps over a key per event it gives; anything beyond is what a tombstone would cost.
  EXPECT_LE(skipped_most_, kPerRound);
}

}  // namespace
}  // namespace twinlog
