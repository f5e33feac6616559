// What waits for a store, as the health page tells it: number, bytes, age.
#include "ledger/record/canonical.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;

class SpoolBacklog : public SpoolTest {
 protected:
  /// The records of all that the cursor has not passed, counted one by one.
  std::uint64_t bytes_counted(std::uint64_t after) {
    const auto versions = spool().read(after, 1'000'000, 1U << 30U);
    EXPECT_TRUE(versions.has_value());
    std::uint64_t bytes = 0;
    for (const Version& version : *versions) {
      bytes += sizeof(std::uint64_t) + encode_version(version, canonical_content(version.event)).size();
    }
    return bytes;
  }
};

TEST_F(SpoolBacklog, AnEmptyOneHasNoBytesAndNoAge) {
  open();
  const Backlog backlog = spool().backlog(StoreId::kPostgres);
  EXPECT_EQ(backlog.events, 0U);
  EXPECT_EQ(backlog.bytes, 0U);
  EXPECT_FALSE(backlog.oldest_received_at.has_value());
}

TEST_F(SpoolBacklog, UpToAThousandEventsAreCountedExactlyForEachStore) {
  open();
  store_many("few-", 300, {.filler_bytes = 333});
  store_many("more-", 200);
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 123).ok());
  for (const auto& [store, cursor] : {std::pair(StoreId::kPostgres, 0ULL), std::pair(StoreId::kMongodb, 123ULL)}) {
    const Backlog backlog = spool().backlog(store);
    EXPECT_EQ(backlog.events, 500 - cursor);
    EXPECT_EQ(backlog.bytes, bytes_counted(cursor));
    EXPECT_EQ(backlog.oldest_received_at, kReceivedAt);
  }
}

TEST_F(SpoolBacklog, BeyondThatASampleTellsTheBytesWithinATenth) {
  open();
  for (int round = 0; round < 10; ++round) {
    store_many("small-" + std::to_string(round) + "-", 400);
    store_many("large-" + std::to_string(round) + "-", 100, {.filler_bytes = 900});
  }
  const Backlog backlog = spool().backlog(StoreId::kPostgres);
  EXPECT_EQ(backlog.events, 5000U);
  ASSERT_TRUE(backlog.bytes.has_value());
  const auto counted = static_cast<double>(bytes_counted(0));
  EXPECT_NEAR(static_cast<double>(*backlog.bytes), counted, counted / 10);
}

TEST_F(SpoolBacklog, TheOldestIsTheFirstBeyondTheCursorAlsoAfterARestart) {
  open();
  const std::vector<AcceptedEvent> first = make_events("first-", 1);
  const std::vector<AcceptedEvent> second = make_events("second-", 1);
  const CommitRequest requests[] = {{first, Atomicity::kPerEvent}, {second, Atomicity::kPerEvent}};
  ASSERT_TRUE(spool().commit(std::span(requests, 1), kReceivedAt).has_value());
  ASSERT_TRUE(spool().commit(std::span(requests + 1, 1), kReceivedAt + 5).has_value());
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 1).ok());
  ASSERT_TRUE(spool().sync().ok());
  open();
  EXPECT_EQ(spool().backlog(StoreId::kPostgres).oldest_received_at, kReceivedAt + 5);
  EXPECT_EQ(spool().backlog(StoreId::kMongodb).oldest_received_at, kReceivedAt);
}

}  // namespace
}  // namespace twinlog::testing
