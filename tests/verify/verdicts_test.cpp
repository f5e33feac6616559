// Verdicts beyond a changed row: who may sign, what was declared, what is still on its way, and accounts.
#include "ledger/leaf/commitment.h"
#include "ledger/leaf/field_table.h"
#include "ledger/note/retirement.h"
#include "tests/verify/attacked.h"

namespace twinlog::testing {
namespace {

using Verdicts = Attacked;

std::string retired_note(const Epoch& epoch, const SigningKey& key) {
  return sign_retirement({epoch.origin(), {epoch.size(), epoch.root()}, "node lost"}, key);
}

/// As the keeper leaves a row of which these fields were erased.
void erase_fields(StoreImage& image, const std::string& log_id, const std::vector<std::uint8_t>& fields) {
  LedgerRow& row = image.row(log_id);
  row.salts = salts_bytes(kept_after(row.version.event, row.version.ledger->record_key, fields));
  row.version.ledger.reset();
  row.version.content_hash = {};
  row.has_content_hash = false;
  for (const std::uint8_t field : fields) {
    if (field == kFieldUserId) {
      row.version.event.user_id.reset();
      row.version.event.account.reset();
    }
    if (field == kFieldUsername) {
      row.version.event.username.reset();
    }
  }
  image.count_accounts();
}

const std::vector<std::uint8_t> name_fields = {kFieldUserId, kFieldUsername, kFieldAccount};

TEST_F(Verdicts, WithoutATrustFileTheKeyIsUnknown) {
  world_.trust.clear();
  const Verified verified = run();
  EXPECT_EQ(verified.count(Verdict::kUnknownKey), 1U) << verified.text();
  EXPECT_EQ(verified.exit, 2) << verified.text();
}

TEST_F(Verdicts, WithoutATrustFileAnEditedColumnIsStillModified) {
  world_.trust.clear();
  world_.postgres().row("e1").version.event.ip = "198.51.100.7";
  expect(Verdict::kModified, kP, 1);
}

TEST_F(Verdicts, AnEpochWithAFreshKeyIsUnauthorised) {
  const SigningKey other("audit.example.com/other", Seed{});
  Epoch forged(world_, {.seed = 9, .agent = "auth-9", .at = now_, .enrolment = &other});
  forged.heartbeat();
  const Verified verified = run();
  EXPECT_EQ(verified.count(Verdict::kUnauthorisedEpoch), 1U) << verified.text();
  EXPECT_EQ(verified.exit, 1);
}

TEST_F(Verdicts, AnEpochUnderTheEnrolmentKeysNameIsUnauthorised) {
  const SigningKey other(world_.enrolment.name(), Seed{});
  Epoch forged(world_, {.seed = 9, .agent = "auth-9", .at = now_, .enrolment = &other});
  forged.heartbeat();
  EXPECT_EQ(run().count(Verdict::kUnauthorisedEpoch), 1U) << run().text();
}

TEST_F(Verdicts, ARevokedKeyCountsOnlyWhereTheArchiveHasTheBeginning) {
  world_.trust.push_back("revoked " + world_.enrolment.name());
  EXPECT_EQ(run().count(Verdict::kUnauthorisedEpoch), 1U) << run().text();
  world_.archive.push_back(world_.postgres().epochs.front().note);
  EXPECT_EQ(run().exit, 0) << run().text();
}

TEST_F(Verdicts, TwoRootsSignedForOneSizeAreAFork) {
  const std::string clone = sign_checkpoint({first_->size(), Digest{}}, first_->key());
  world_.mongodb().checkpoints.push_back({first_->id(), first_->size(), std::string(32, '\0'), clone, now_ - kSecond});
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kFork)) << verified.text();
  EXPECT_EQ(verified.exit, 1);
}

TEST_F(Verdicts, TwoEpochsThatFollowOneAreAFork) {
  Epoch one(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  one.close();
  Epoch other(world_, {.seed = 3, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  other.close();
  now_ = other.now();
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kFork)) << verified.text();
}

TEST_F(Verdicts, ASpoolThatWasSetBackIsAFork) {
  Epoch past(world_, {});  // The same epoch as its spool remembers it: OPEN alone.
  Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &past});
  next.close();
  now_ = next.now();
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kFork)) << verified.text();
  EXPECT_EQ(verified.exit, 1);
}

TEST_F(Verdicts, ALostDiskIsStaleUntilAPersonRetiresIt) {
  Epoch lost(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  lost.event(login("acme", "l1"));
  lost.heartbeat();
  const UtcMicros later = lost.now() + 2000 * kSecond;
  EXPECT_EQ(run({.now = lost.now()}).exit, 0) << run({.now = lost.now()}).text();
  EXPECT_EQ(run({.now = later}).count(Verdict::kStale), 1U) << run({.now = later}).text();
  EXPECT_EQ(run({.now = later}).exit, 2);
  world_.postgres().epochs.back().retired = retired_note(lost, world_.enrolment);
  const Verified retired = run({.now = later});
  EXPECT_EQ(retired.count(Verdict::kRetired), 1U) << retired.text();
  EXPECT_EQ(retired.exit, 0) << retired.text();
}

TEST_F(Verdicts, AForgedRetirementIsABadSignature) {
  Epoch lost(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  lost.heartbeat();
  world_.postgres().epochs.back().retired = retired_note(lost, SigningKey(world_.enrolment.name(), Seed{}));
  now_ = lost.now() + 2000 * kSecond;
  expect(Verdict::kBadSignature, kP, std::nullopt);
}

TEST_F(Verdicts, ADueTimeInTheFarFutureCountsAsPast) {
  Epoch lost(world_, {.seed = 2, .agent = "auth-2", .at = now_ + 200'000 * kSecond});
  lost.heartbeat();
  EXPECT_EQ(run().count(Verdict::kStale), 1U) << run().text();
}

TEST_F(Verdicts, ATrueDeadLetterIsOne) {
  Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  next.event(login("acme", "d1"));
  next.refused[kM] = {1};
  next.gap({{{next.id(), 1, 1}}, GapReason::kRefusedByStore, GapStore::kMongodb, "121"});
  next.heartbeat();
  next.close();
  now_ = next.now();
  expect(Verdict::kDeadLetter, kM, 1);
}

TEST_F(Verdicts, WhatADamagedSpoolLostIsADeclaredGap) {
  Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  next.event(login("acme", "d1"));
  next.refused[kM] = {1};
  next.refused[kP] = {1};
  next.gap({{{next.id(), 1, 1}}, GapReason::kDamagedSpool, std::nullopt, std::nullopt});
  next.heartbeat();
  next.close();
  now_ = next.now();
  expect(Verdict::kDeclaredGap, kP, 1);
}

TEST_F(Verdicts, AnEpochWhoseHashesWereLostIsADeclaredGap) {
  Epoch crashed(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  crashed.heartbeat();
  Epoch next(world_, {.seed = 3,
                      .agent = "auth-2",
                      .at = now_ + 60 * kSecond,
                      .reason = OpenReason::kRestart,
                      .previous = &crashed,
                      .names_previous_tree = false});
  next.close();
  now_ = next.now();
  expect(Verdict::kDeclaredGap, std::nullopt, 2);
}

TEST_F(Verdicts, AnAgentThatCrashedEndsWithItsNextOpen) {
  Epoch crashed(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  crashed.heartbeat();
  crashed.event(login("acme", "c1"));
  crashed.flush();
  Epoch next(
      world_,
      {.seed = 3, .agent = "auth-2", .at = now_ + 60 * kSecond, .reason = OpenReason::kRestart, .previous = &crashed});
  next.close();
  now_ = next.now() + 9000 * kSecond;
  const Verified verified = run();
  EXPECT_EQ(verified.exit, 0) << verified.text();
  EXPECT_EQ(verified.summary.leaves, 10U + 3U + 2U);
}

TEST_F(Verdicts, LeavesOnTheirWayArePendingAndNoFinding) {
  Epoch living(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  living.heartbeat();
  living.event(login("acme", "w1", "account_locked", "u2"));
  living.flush(kP);
  now_ = living.now();
  const Verified verified = run();
  EXPECT_EQ(verified.exit, 0) << verified.text();
  EXPECT_GE(verified.summary.pending, 1U);
}

TEST_F(Verdicts, StoresThatDifferWhereNoRootDecidesDiverge) {
  Epoch living(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  living.heartbeat();
  living.event(login("acme", "w1"));
  living.flush();
  now_ = living.now();
  LedgerRow& row = world_.mongodb().row("w1");
  row.version.event.ip = "198.51.100.7";
  make_row(row);
  mend_tile(world_.mongodb(), row);
  expect(Verdict::kStoreDivergence, std::nullopt, 2);
}

TEST_F(Verdicts, ARowWithoutATileInPostgresIsForeign) {
  Epoch living(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  living.heartbeat();
  LedgerRow row = world_.postgres().row("e3");
  row.version.event.log_id = "x1";
  row.version.epoch_id = living.id();
  row.version.leaf_index = 2;
  row.version.agent = "auth-2";
  make_row(row);
  world_.postgres().rows.push_back(row);
  now_ = living.now();
  expect(Verdict::kForeign, kP, 2);
}

TEST_F(Verdicts, SameIdWithOtherContentIsKeptTwiceAndNoFinding) {
  EXPECT_EQ(world_.postgres().conflict("e4")->version.leaf_index, 6U);
  EXPECT_EQ(run().exit, 0);
}

TEST_F(Verdicts, ACountThatSkipsIsATenantGap) {
  Epoch lying(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  lying.event(login("acme", "t1"));
  lying.skip_tenant_seq("acme");
  lying.event(login("acme", "t2"));
  lying.heartbeat();
  lying.close();
  now_ = lying.now();
  expect(Verdict::kTenantGap, std::nullopt, 2);
}

TEST_F(Verdicts, AHeartbeatThatMiscountsIsABadLeaf) {
  Epoch lying(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  EpochTally tally;
  tally.accepted = 5;
  tally.previous_checkpoint = 1;
  lying.own(HeartbeatLeaf{{}, tally, now_ + 600 * kSecond});
  lying.checkpoint();
  lying.flush();
  expect(Verdict::kBadLeaf, std::nullopt, 1);
}

TEST_F(Verdicts, AccountsThatWereTouchedMismatch) {
  const auto whole = world_.stores;
  world_.postgres().account("id:u1").account.lock_kind = LockKind::kNone;
  expect(Verdict::kStateMismatch, kP, std::nullopt);
  world_.stores = whole;
  world_.postgres().account("id:u1").state.back() ^= 1;
  expect(Verdict::kStateMismatch, kP, std::nullopt);
  world_.stores = whole;
  world_.mongodb().accounts.pop_back();
  expect(Verdict::kStateMismatch, kM, std::nullopt);
  world_.stores = whole;
  LedgerAccountRow forged = world_.mongodb().accounts.front();
  forged.key.account = "id:nobody";
  world_.mongodb().accounts.push_back(forged);
  expect(Verdict::kStateMismatch, kM, std::nullopt);
}

TEST_F(Verdicts, ALockLiftedUnderTheCoverOfARowOnItsWayIsFound) {
  Epoch living(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  living.heartbeat();
  LedgerRow row = world_.mongodb().row("e3");
  row.version.event = login("acme", "x1", "lockout_reset");
  row.version.event.occurred_at = now_;
  row.version.effective_at = row.version.received_at;
  row.version.epoch_id = living.id();
  row.version.leaf_index = 2;
  row.version.agent = "auth-2";
  make_row(row);
  world_.mongodb().rows.push_back(row);
  world_.mongodb().count_accounts();
  now_ = living.now();
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kStateMismatch) || verified.has(Verdict::kForeign)) << verified.text();
  EXPECT_EQ(verified.exit, 1);
}

TEST_F(Verdicts, WhatIsErasedWithItsLeafIsNoFinding) {
  Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  next.erase({"\x06\x07\x19", "dsr-1", {{first_->id(), 3, 3}}});
  next.heartbeat();
  for (StoreImage& image : world_.stores) {
    erase_fields(image, "e3", name_fields);
  }
  now_ = next.now();
  const Verified verified = run();
  EXPECT_EQ(verified.exit, 0) << verified.text();
}

TEST_F(Verdicts, WhatIsErasedWithoutALeafIsModified) {
  erase_fields(world_.postgres(), "e3", name_fields);
  expect(Verdict::kModified, kP, 3);
}

TEST_F(Verdicts, AValueThatWasPutBackIsModified) {
  Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  next.erase({"\x06\x07\x19", "dsr-1", {{first_->id(), 3, 3}}});
  next.heartbeat();
  next.close();
  erase_fields(world_.mongodb(), "e3", name_fields);
  now_ = next.now() + 3600 * kSecond;
  expect(Verdict::kModified, kP, 3);
}

TEST_F(Verdicts, ARepeatOfWhatWasErasedIsNoFinding) {
  Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  next.erase({"\x06\x07\x19", "dsr-1", {{first_->id(), 3, 3}}});
  next.heartbeat();
  for (StoreImage& image : world_.stores) {
    erase_fields(image, "e3", name_fields);
  }
  next.event(login("other", "e3"));
  next.heartbeat();
  for (StoreImage& image : world_.stores) {
    for (LedgerLeafRow& leaf : image.leaves) {
      if (leaf.log_id == "e3") {
        leaf.record_key.reset();
      }
    }
  }
  now_ = next.now();
  EXPECT_EQ(run().exit, 0) << run().text();
}

TEST_F(Verdicts, WhatIsPrunedWithItsLeafIsNoFinding) {
  Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  next.prune({{{first_->id(), 1, 3}, {first_->id(), 7, 7}}, "older", {}});
  next.heartbeat();
  for (StoreImage& image : world_.stores) {
    for (const char* id : {"e1", "e2", "e3"}) {
      image.drop_row(id);
    }
    std::erase_if(image.leaves, [](const LedgerLeafRow& one) { return one.log_id == "e1"; });
    image.count_accounts();
  }
  now_ = next.now();
  const Verified verified = run();
  EXPECT_EQ(verified.exit, 0) << verified.text();
}

TEST_F(Verdicts, AnEpochThatIsPrunedAsAWholeIsCounted) {
  Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  next.prune({{}, "older", {first_->witness()}});
  next.heartbeat();
  for (StoreImage& image : world_.stores) {
    std::erase_if(image.rows, [&](const LedgerRow& one) { return one.version.epoch_id == first_->id(); });
    std::erase_if(image.leaves, [&](const LedgerLeafRow& one) { return one.epoch_id == first_->id(); });
    std::erase_if(image.tiles, [&](const LedgerTileRow& one) { return one.epoch_id == first_->id(); });
    std::erase_if(image.checkpoints, [&](const LedgerCheckpointRow& one) {
      return one.epoch_id == first_->id() && one.size != first_->size();
    });
    image.count_accounts();
  }
  now_ = next.now();
  const Verified verified = run();
  EXPECT_EQ(verified.exit, 0) << verified.text();
  EXPECT_EQ(verified.summary.pruned_epochs, 1U);
}

}  // namespace
}  // namespace twinlog::testing
