// Further acceptances with neither key nor salts: the repeats of what was erased, and what is passed off as one.
#include "ledger/leaf/commitment.h"
#include "ledger/leaf/field_table.h"
#include "tests/verify/attacked.h"

namespace twinlog::testing {
namespace {

constexpr UtcMicros kLater = 1'200 * kSecond;
const std::vector<std::uint8_t> erased_fields = {kFieldUserId, kFieldUsername, kFieldAccount};

void erase_version(LedgerRow& row) {
  AuthEvent& event = row.version.event;
  row.salts = salts_bytes(kept_after(event, row.version.ledger->record_key, erased_fields));
  const Digest hash = leaf_hash(event_leaf(row.version));
  row.version.ledger.reset();
  row.version.content_hash = row.is_conflict ? hash : Digest{};
  row.has_content_hash = row.is_conflict;
  event.user_id.reset();
  event.username.reset();
  event.account.reset();
}

class BareRepeatsTest : public Attacked {
 protected:
  /// What the keeper does in one store to all versions of the event.
  static void erase_in(StoreImage& image, const std::string& log_id, const AuthEvent& further = {}) {
    for (LedgerRow& row : image.rows) {
      if (row.version.event.log_id == log_id && row.salts.empty()) {
        erase_version(row);
      }
    }
    for (LedgerLeafRow& leaf : image.leaves) {
      if (leaf.log_id == log_id && leaf.record_key) {
        leaf.salts = salts_bytes(kept_after(further, *leaf.record_key, erased_fields));
        leaf.record_key.reset();
      }
    }
    image.count_accounts();
    std::erase_if(image.accounts, [](const LedgerAccountRow& one) { return one.key.account == "id:gone"; });
  }

  /// An agent's epoch long after, whose first leaf behind OPEN erases.
  void erase_later(std::vector<EpochRange> ranges) {
    keeper_.emplace(world_, Epoch::Begin{.seed = 9, .agent = "keeper", .at = now_ + kLater});
    keeper_->erase({"\x06\x07\x19", "dsr-1", std::move(ranges)});
    keeper_->heartbeat();
    now_ = keeper_->now();
  }

  /// The store's conflict of this event goes, and its leaf lies there as that of a repeat.
  static void pass_off(StoreImage& image, const std::string& log_id, const std::string& leaf,
                       std::uint64_t tenant_seq) {
    const LedgerRow conflict = *image.conflict(log_id);
    std::erase_if(image.rows,
                  [&](const LedgerRow& one) { return one.is_conflict && one.version.event.log_id == log_id; });
    image.row(log_id).has_conflict = false;
    LedgerLeafRow row;
    row.epoch_id = conflict.version.epoch_id;
    row.leaf_index = conflict.version.leaf_index;
    row.leaf = leaf;
    row.tenant_id = conflict.version.event.tenant_id;
    row.log_id = log_id;
    row.tenant_seq = tenant_seq;
    image.leaves.push_back(row);
  }

  /// Two versions of one event, the second a conflict; of an account of their own.
  void send_two(Epoch& epoch) {
    AuthEvent event = login("acme", "g1", "login_failed", "gone");
    epoch.event(event);
    event.ip = "192.0.2.77";
    epoch.event(event);
  }

  /// The event of send_two(), in both stores, as an agent does.
  void erase_both(const Epoch& epoch) {
    erase_later({{epoch.id(), 1, 2}});
    for (StoreImage& image : world_.stores) {
      erase_in(image, "g1");
    }
  }

  std::optional<Epoch> keeper_;
};

TEST_F(BareRepeatsTest, AConflictOfAnErasedEventPassedOffAsARepeatIsModified) {
  Epoch epoch(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  send_two(epoch);  // 1, 2
  epoch.heartbeat();
  epoch.close();  // Tells that they arrived.
  const LedgerRow conflict = *world_.postgres().conflict("g1");
  const std::string leaf = event_leaf(conflict.version);
  erase_both(epoch);
  ASSERT_EQ(run().exit, 0) << run().text();
  pass_off(world_.postgres(), "g1", leaf, *conflict.tenant_seq);
  expect(Verdict::kModified, kP, 2);
  pass_off(world_.mongodb(), "g1", leaf, *conflict.tenant_seq);
  expect(Verdict::kModified, kM, 2);
}

TEST_F(BareRepeatsTest, SoIsOneOfTheLastFlushWhichOnlyTheNextEpochCounts) {
  Epoch epoch(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  send_two(epoch);
  epoch.close();
  Epoch next(world_,
             {.seed = 3, .agent = "auth-2", .at = epoch.now(), .reason = OpenReason::kRestart, .previous = &epoch});
  next.heartbeat();
  next.close();
  const LedgerRow conflict = *world_.postgres().conflict("g1");
  const std::string leaf = event_leaf(conflict.version);
  erase_both(epoch);
  ASSERT_EQ(run().exit, 0) << run().text();
  pass_off(world_.mongodb(), "g1", leaf, *conflict.tenant_seq);
  expect(Verdict::kModified, kM, 2);
}

TEST_F(BareRepeatsTest, ARepeatOfWhatWasErasedIsNoneWhenItIsErasedOnceMore) {
  Epoch epoch(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  send_two(epoch);
  epoch.heartbeat();
  epoch.close();
  erase_both(epoch);
  Epoch next(world_, {.seed = 3, .agent = "auth-2", .at = now_, .reason = OpenReason::kRestart, .previous = &epoch});
  next.event(login("acme", "g1", "login_failed", "gone"));  // A repeat.
  next.heartbeat();
  next.close();
  keeper_->close();
  for (StoreImage& image : world_.stores) {
    image.count_accounts();
  }
  now_ = std::max(next.now(), keeper_->now());
  ASSERT_EQ(run().exit, 0) << run().text();
  erase_later({{epoch.id(), 1, 2}, {next.id(), 1, 1}});
  EXPECT_EQ(run().exit, 0) << run().text();
}

TEST_F(BareRepeatsTest, WhatOneStoreDidNotHaveYetMayComeBare) {
  Epoch epoch(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  const AuthEvent event = login("acme", "g1", "login_failed", "gone");
  epoch.event(event);
  epoch.heartbeat();
  epoch.event(event);  // 3: a further acceptance, which PostgreSQL alone has in time.
  epoch.flush(kP);
  const UtcMicros before = now_;
  erase_later({{epoch.id(), 1, 1}, {epoch.id(), 3, 3}});
  for (StoreImage& image : world_.stores) {
    erase_in(image, "g1", event);
  }
  epoch.close();
  EXPECT_GT(now_, before);
  for (StoreImage& image : world_.stores) {
    std::erase_if(image.accounts, [](const LedgerAccountRow& one) { return one.key.account == "id:gone"; });
  }
  EXPECT_EQ(run().exit, 0) << run().text();
}

}  // namespace
}  // namespace twinlog::testing
