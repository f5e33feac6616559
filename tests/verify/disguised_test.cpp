// Changes that are dressed up as what leaves of agents allow: as on their way, as pruned, as erased.
#include "ledger/leaf/commitment.h"
#include "ledger/leaf/field_table.h"
#include "tests/verify/attacked.h"

namespace twinlog::testing {
namespace {

class Disguised : public Attacked {
 protected:
  /// An account row that fits itself and rests on one more event than the store has.
  static void add_to_account(StoreImage& image, const Version& version) {
    LedgerAccountRow& row = image.account("id:u1");
    AccountState state = *decode_account_state(row.state);
    static_cast<void>(merge(state, {&version}));
    row.state = encode_account_state(state);
    row.account = shown(state);
  }
  static Version reset(const std::string& log_id, UtcMicros at) {
    Version version;
    version.event = login("acme", log_id, "lockout_reset");
    version.effective_at = at;
    return version;
  }
  /// The account of u1 is locked by e4, leaf 5.
  UtcMicros locked_at() { return world_.postgres().row("e4").version.effective_at; }
  void begin_next() {
    next_.emplace(world_, Epoch::Begin{.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  }
  void end_next() {
    next_->heartbeat();
    now_ = next_->now();
  }

  /// As the keeper leaves an account that rests on what was erased.
  static void empty_hashes(LedgerAccountRow& account, const std::string& log_id) {
    AccountState state = *decode_account_state(account.state);
    const auto empty = [&log_id](Position& position) {
      position.content_hash = position.log_id == log_id ? Digest{} : position.content_hash;
    };
    if (state.lock) {
      empty(state.lock->position);
    }
    if (state.newest) {
      empty(state.newest->position);
    }
    account.state = encode_account_state(state);
  }
  /// As the keeper leaves a row of which the names were erased.
  static void erase_names(LedgerRow& row) {
    AuthEvent& event = row.version.event;
    row.salts =
        salts_bytes(kept_after(event, row.version.ledger->record_key, {kFieldUserId, kFieldUsername, kFieldAccount}));
    row.version.ledger.reset();
    row.version.content_hash = {};
    row.has_content_hash = false;
    event.user_id.reset();
    event.username.reset();
    event.account.reset();
  }

  std::optional<Epoch> next_;
};

TEST_F(Disguised, AConfirmedRowIsNotOnItsWayBecauseALeafThatNobodySignedSaysSo) {
  Epoch living(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  living.event(login("acme", "f1", "logout"));
  living.heartbeat();
  living.heartbeat();  // Tells that the leaves before arrived.
  now_ = living.now() + kSecond;
  EXPECT_EQ(run().exit, 0) << run().text();
  living.gap({{{living.id(), 1, 1}}, GapReason::kRefusedByStore, std::nullopt, std::nullopt});
  living.flush();
  for (StoreImage& image : world_.stores) {
    image.drop_row("f1");
  }
  expect(Verdict::kMissing, kP, 1);
  expect(Verdict::kMissing, kM, 1);
}

TEST_F(Disguised, ALeafThatIsRefusedBeforeAnyCountIsOnItsWay) {
  Epoch living(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  living.event(login("acme", "f1", "logout"));
  living.heartbeat();
  living.gap({{{living.id(), 1, 1}}, GapReason::kRefusedByStore, std::nullopt, std::nullopt});
  living.flush();
  for (StoreImage& image : world_.stores) {
    image.drop_row("f1");
  }
  now_ = living.now();
  EXPECT_EQ(run().exit, 0) << run().text();
  EXPECT_GT(run().summary.pending, 0U);
}

TEST_F(Disguised, ACountOfFailuresIsOursOrNobodys) {
  LedgerAccountRow& row = world_.postgres().account("id:u1");
  AccountState state = *decode_account_state(row.state);
  state.failures_after += 5;
  row.state = encode_account_state(state);
  row.account = shown(state);
  expect(Verdict::kStateMismatch, kP, std::nullopt);
}

TEST_F(Disguised, ATimeOfAnAccountIsOursOrNobodys) {
  LedgerAccountRow& row = world_.mongodb().account("id:u1");
  AccountState state = *decode_account_state(row.state);
  state.last_reset_at = now_;
  row.state = encode_account_state(state);
  row.account = shown(state);
  expect(Verdict::kStateMismatch, kM, std::nullopt);
}

TEST_F(Disguised, AnAccountMayRestOnWhatWasPruned) {
  begin_next();
  next_->prune({{{first_->id(), 5, 6}}, "older", {}});
  end_next();
  for (StoreImage& image : world_.stores) {
    std::erase_if(image.rows, [](const LedgerRow& one) { return one.version.event.log_id == "e4"; });
  }
  EXPECT_EQ(run().exit, 0) << run().text();
}

TEST_F(Disguised, AnEventThatIsNewerThanAllThatWasPrunedIsNoneOfIt) {
  begin_next();
  next_->prune({{{first_->id(), 1, 3}, {first_->id(), 7, 7}}, "older", {}});
  end_next();
  for (StoreImage& image : world_.stores) {
    for (const char* id : {"e1", "e2", "e3"}) {
      image.drop_row(id);
    }
    std::erase_if(image.leaves, [](const LedgerLeafRow& one) { return one.log_id == "e1"; });
  }
  EXPECT_EQ(run().exit, 0) << run().text();
  // Behind leaf 8, and so behind leaf 7, the last that was pruned; and before the leaf that says so.
  add_to_account(world_.postgres(), reset("planted", first_->now()));
  expect(Verdict::kStateMismatch, kP, std::nullopt);
}

TEST_F(Disguised, AnAccountMayRestOnWhatWasErased) {
  begin_next();
  next_->erase({"\x06\x07\x19", "dsr-1", {{first_->id(), 5, 6}}});
  end_next();
  for (StoreImage& image : world_.stores) {
    for (LedgerAccountRow& account : image.accounts) {
      empty_hashes(account, "e4");
    }
    for (LedgerRow& row : image.rows) {
      if (row.version.event.log_id == "e4") {
        erase_names(row);
      }
    }
  }
  EXPECT_EQ(run().exit, 0) << run().text();
}

TEST_F(Disguised, AnErasedEventThatNoRowShowsIsNone) {
  begin_next();
  next_->erase({"\x06\x07\x19", "dsr-1", {{first_->id(), 3, 3}}});
  end_next();
  for (StoreImage& image : world_.stores) {
    erase_names(image.row("e3"));
    image.count_accounts();
  }
  EXPECT_EQ(run().exit, 0) << run().text();
  add_to_account(world_.mongodb(), reset("planted", locked_at() + kSecond));
  expect(Verdict::kStateMismatch, kM, std::nullopt);
}

/// More than are held side by side: what was not compared is told, and the order is looked at all the same.
TEST_F(Disguised, AFloodOfConflictsHidesNoFurtherAcceptanceInSilence) {
  constexpr std::uint64_t kFlood = 10'001;
  LedgerRow row = world_.postgres().row("e1");
  row.is_conflict = true;
  for (std::uint64_t i = 0; i < kFlood; ++i) {
    row.version.leaf_index = 100 + i;
    world_.postgres().rows.push_back(row);
  }
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kPending, kP, 7)) << verified.summary_line;
  EXPECT_TRUE(verified.has(Verdict::kForeign)) << verified.summary_line;
  EXPECT_EQ(verified.exit, 1);
}

}  // namespace
}  // namespace twinlog::testing
