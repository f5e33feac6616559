// Epochs and their trees when the disk fails or what lies on it is damaged.
#include <gmock/gmock.h>

#include "ledger/base/uuid.h"
#include "spool/check_spool.h"
#include "spool/layout.h"
#include "spool/ledger_layout.h"
#include "tests/spool/ledger_fixture.h"

namespace twinlog {
namespace {

using rocksdb::IOStatus;
using testing::deliver;
using testing::gap_maker;
using ::testing::IsEmpty;
using testing::kReceivedAt;
using testing::make_event;
using testing::new_epoch;
using ::testing::SizeIs;
using testing::Step;
using D = Disposition;

class SpoolLedgerDamage : public testing::FaultySpoolTest {
 protected:
  SpoolLedgerDamage() { settings_.keep_delivered = std::chrono::hours{1}; }

  void begin(std::uint8_t number) {
    const auto begun = spool().begin_epoch(new_epoch(number), kReceivedAt);
    ASSERT_TRUE(begun.has_value()) << begun.error().message();
  }
  testing::StoredTree stored(std::uint8_t number) {
    auto all = deliver(spool(), 0, 100);
    testing::expect_sound(all);
    return all[uuid_text(new_epoch(number).id)];
  }
  void expect_root() {
    const TreeState tree = spool().tree();
    const auto seen = stored(1).tree(tree.size);
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(seen->root(), tree.root);
    EXPECT_FALSE(stored(1).hashes.contains(tree.size)) << "no leaf is there that the tree does not know";
  }
  void with_events_of_closed(const std::function<void(rocksdb::DB&, const testing::Families&)>& use) {
    close();
    with_database([&use](rocksdb::DB& database, const testing::Families& families) {
      use(database, families);
      // The spool's tables of events never overlap, and it lets them be merged by that rule: no deletion may be left.
      for (const char* family : {"events", "leaves"}) {
        EXPECT_TRUE(database.CompactRange({}, families.at(family), nullptr, nullptr).ok());
      }
    });
    open();
  }
};

/// On a real disk, which RocksDB alone can open, too.
class SpoolLedgerBytes : public SpoolLedgerDamage {
 protected:
  SpoolLedgerBytes() { settings_.env = nullptr; }
};

TEST_F(SpoolLedgerDamage, AFailedWriteIsInTheTreeIfAndOnlyIfItIsThere) {
  open();
  begin(1);
  for (const Step step : {Step::kSync, Step::kAppend}) {
    for (int i = 0; i < 3; ++i) {
      const std::string name = std::to_string(static_cast<int>(step)) + "-" + std::to_string(i);
      ASSERT_EQ(offer_one(make_event("a" + name)), D::kStored);
      disk_.files->fail(step, 1, IOStatus::IOError("planted"));
      const LeafMaker rider = gap_maker();
      const std::vector<AcceptedEvent> events{make_event("b" + name), make_event("c" + name)};
      const CommitRequest request{.events = events};
      EXPECT_FALSE(
          spool().commit({&request, 1}, CommitMoment{.received_at = kReceivedAt, .rider = &rider}).has_value());
      ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
      expect_root();
      ASSERT_EQ(offer_one(make_event("d" + name)), D::kStored);
      expect_root();
    }
  }
  const auto versions = spool().events_in({1, spool().last_leaf()});
  EXPECT_EQ(versions, spool().tree().events);
}

TEST_F(SpoolLedgerDamage, AFailedLeafOfTheAgentsOwnIsInTheTreeIfAndOnlyIfItIsThere) {
  open();
  begin(1);
  for (const Step step : {Step::kSync, Step::kAppend}) {
    disk_.files->fail(step, 1, IOStatus::IOError("planted"));
    EXPECT_FALSE(spool().append(gap_maker(), kReceivedAt).has_value());
    ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
    expect_root();
    ASSERT_TRUE(spool().append(gap_maker(), kReceivedAt).has_value());
    expect_root();
  }
}

TEST_F(SpoolLedgerDamage, AnEpochThatFailedToBeginIsNeverGoneOnIn) {
  open();
  begin(1);
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  disk_.files->fail(Step::kSync, 1, IOStatus::IOError("planted"));
  EXPECT_FALSE(spool().begin_epoch(new_epoch(2), kReceivedAt).has_value());
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  EXPECT_THAT(offer({make_event("b")}), IsEmpty());
  const auto ended = spool().ended_epoch();
  ASSERT_TRUE(ended.has_value());
  const bool is_there = ended->id == new_epoch(2).id;
  EXPECT_EQ(ended->size, is_there ? 1U : 2U);
  begin(3);
  ASSERT_EQ(offer_one(make_event("b")), D::kStored);
  EXPECT_EQ(stored(2).beginning.has_value(), is_there);
  EXPECT_EQ(stored(3).hashes.size(), 2U);
}

TEST_F(SpoolLedgerDamage, ACommitThatFailedBeforeTheNextEpochBeganHarmsNothing) {
  open();
  begin(1);
  disk_.files->fail(Step::kSync, 1, IOStatus::IOError("planted"));
  EXPECT_THAT(offer({make_event("a")}), IsEmpty());
  EXPECT_FALSE(spool().begin_epoch(new_epoch(2), kReceivedAt).has_value());
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  begin(2);
  ASSERT_EQ(offer_one(make_event("b")), D::kStored);
  EXPECT_EQ(stored(2).tree(2)->root(), spool().tree().root);
}

TEST_F(SpoolLedgerBytes, OfALostEventTheHashIsDeliveredAndTheLossIsDeclaredOnce) {
  open();
  begin(1);
  store_many("a", 10);
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());  // Notes what was promised.
  const TreeState tree = spool().tree();
  with_events_of_closed([](rocksdb::DB& database, const testing::Families& families) {
    EXPECT_TRUE(database.Delete({}, families.at("events"), event_key(4)).ok());
    EXPECT_TRUE(database.Delete({}, families.at("events"), event_key(11)).ok());
  });
  const auto ended = spool().ended_epoch();
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->size, tree.size);
  EXPECT_EQ(ended->root, tree.root);
  begin(2);
  ASSERT_TRUE(spool().note_missing({1, 12}).ok());
  ASSERT_THAT(spool().stats().losses, SizeIs(2));
  const testing::StoredTree seen = stored(1);
  EXPECT_THAT(seen.rebuilt, SizeIs(9));
  ASSERT_TRUE(seen.tree(tree.size).has_value());
  EXPECT_EQ(seen.tree(tree.size)->root(), tree.root);
  const LeafRange lost{4, 4};
  ASSERT_TRUE(spool().append(gap_maker(), kReceivedAt, {&lost, 1}).has_value());
  for (int start = 0; start < 2; ++start) {
    EXPECT_TRUE(spool().stats().losses.front().is_declared);
    EXPECT_FALSE(spool().stats().losses.back().is_declared);
    open();
  }
  EXPECT_EQ(spool().epochs().front().last_number, 10U);
  EXPECT_EQ(spool().epochs().front().last_given, 11U);
}

TEST_F(SpoolLedgerBytes, ALeafOfTheAgentsOwnIsReadFromBesideItsHash) {
  open();
  begin(1);
  store_many("a", 3);
  ASSERT_TRUE(spool().append(gap_maker(), kReceivedAt).has_value());
  with_events_of_closed([](rocksdb::DB& database, const testing::Families& families) {
    EXPECT_TRUE(database.Put({}, families.at("events"), event_key(1), "\x03 no leaf").ok());
    EXPECT_TRUE(database.Put({}, families.at("events"), event_key(5), "\x03 no leaf").ok());
  });
  const testing::StoredTree seen = stored(1);
  EXPECT_TRUE(seen.beginning.has_value());
  EXPECT_TRUE(seen.rebuilt.contains(4));
  EXPECT_THAT(spool().stats().losses, IsEmpty());
}

TEST_F(SpoolLedgerBytes, OfALostHashTheLeafIsHashedAnewAndTheEpochsSizeIsNotTold) {
  open();
  begin(1);
  store_many("a", 10);
  with_events_of_closed([](rocksdb::DB& database, const testing::Families& families) {
    testing::erase_number(database, families, "leaves", 4);
    testing::erase_number(database, families, "leaves", 6);
    EXPECT_TRUE(database.Delete({}, families.at("events"), event_key(6)).ok());
  });
  ASSERT_TRUE(spool().ended_epoch().has_value());
  EXPECT_FALSE(spool().ended_epoch()->size.has_value());
  const testing::StoredTree seen = stored(1);
  EXPECT_TRUE(seen.hashes.contains(3));
  EXPECT_FALSE(seen.hashes.contains(5));
  EXPECT_THAT(seen.hashes, SizeIs(10));
}

TEST_F(SpoolLedgerBytes, AnEventThatIsNotWhatItsHashSaysIsFoundByTheCheck) {
  open();
  begin(1);
  store_many("a", 5);
  ASSERT_TRUE(spool().append(gap_maker(), kReceivedAt).has_value());
  close();
  const auto findings = [this] {
    const auto check = check_spool_as(settings_.path, SpoolUse::kFree, [](std::string_view, auto, auto) {});
    EXPECT_TRUE(check.has_value());
    return check ? check->findings : std::vector<std::string>{"no check"};
  };
  EXPECT_THAT(findings(), IsEmpty());
  with_database([](rocksdb::DB& database, const testing::Families& families) {
    const std::string key = hash_run_key(6, 5);  // 2 to 6
    std::string hashes;
    ASSERT_TRUE(database.Get({}, families.at("leaves"), key, &hashes).ok());
    hashes[2 * sizeof(Digest)] = static_cast<char>(hashes[2 * sizeof(Digest)] ^ 1);
    std::string own;
    ASSERT_TRUE(database.Get({}, families.at("leaves"), event_key(7), &own).ok());
    hashes.replace(3 * sizeof(Digest), sizeof(Digest), own, 0, sizeof(Digest));
    ASSERT_TRUE(database.Put({}, families.at("leaves"), key, hashes).ok());
  });
  EXPECT_THAT(findings(), ::testing::ElementsAre("events that are not what their leaf hash says: 4-5"));
}

}  // namespace
}  // namespace twinlog
