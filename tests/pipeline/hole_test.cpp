// What is gone at the end of the spool: the store is told that it has everything up to there, of each epoch.
#include <rocksdb/db.h>

#include "agent/pipeline/courier.h"
#include "spool/layout.h"
#include "tests/spool/ledger_fixture.h"
#include "tests/support/simulation.h"

namespace twinlog::testing {
namespace {

class HoleAtTheEnd : public SpoolTest {
 protected:
  void lose(const LeafRange& numbers) {
    close();
    with_database([&numbers](rocksdb::DB& database, const Families& families) {
      for (const char* family : {"events", "leaves"}) {
        for (std::uint64_t number = numbers.first; number <= numbers.last; ++number) {
          erase_number(database, families, family, number);
        }
        // An opening finds what an older file still has, and puts it back.
        EXPECT_TRUE(database.Flush({}, families.at(family)).ok());
        EXPECT_TRUE(database.CompactRange({}, families.at(family), nullptr, nullptr).ok());
      }
      EXPECT_TRUE(database.DisableFileDeletions().ok());
      EXPECT_TRUE(database.EnableFileDeletions().ok());  // At once, and not when a thread finds the time.
    });
    open();
  }
  void deliver_to(MemoryStore& store) {
    KeptLog log;
    Courier courier({}, {.spool = spool(), .store = store, .clock = clock_, .random = random_, .log = log});
    for (int i = 0; i < 20; ++i) {
      clock_.advance(std::max(std::chrono::milliseconds{1}, courier.step()));
    }
  }
};

TEST_F(HoleAtTheEnd, MovesThePositionOfEveryEpochThatItGoesOver) {
  open();
  const NewEpoch first = new_epoch(1);
  const NewEpoch second = new_epoch(2);
  ASSERT_TRUE(spool().begin_epoch(first, kReceivedAt).has_value());   // 1
  store_many("a", 3);                                                 // 2 to 4
  ASSERT_TRUE(spool().begin_epoch(second, kReceivedAt).has_value());  // 5
  store_many("b", 2);                                                 // 6, 7
  settle();                                                           // What was promised is noted beside the database.
  lose({3, 7});
  ASSERT_EQ(spool().last_leaf(), 7U);
  MemoryStore store;
  deliver_to(store);
  EXPECT_EQ(store.log_ids(), std::vector<std::string>{"a0-1"});
  ASSERT_TRUE(store.position_of(first.id));
  EXPECT_EQ(store.position_of(first.id)->last_leaf, 3U);
  ASSERT_TRUE(store.position_of(second.id));
  EXPECT_EQ(store.position_of(second.id)->last_leaf, 2U);
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 7U);
}

}  // namespace
}  // namespace twinlog::testing
