// Each way of tampering with one store or both, and the verdict that names it.
#include <gtest/gtest.h>

#include "ledger/leaf/event_leaf.h"
#include "tests/verify/attacked.h"

namespace twinlog::testing {
namespace {

using Attack = Attacked;

TEST_F(Attack, WhatNobodyTouchedHasNoFinding) {
  const Verified verified = run();
  EXPECT_EQ(verified.exit, 0) << verified.text();
  EXPECT_TRUE(verified.findings.empty()) << verified.text();
  EXPECT_EQ(verified.summary.leaves, 10U);
  EXPECT_EQ(verified.summary.epochs, 1U);
  EXPECT_EQ(verified.summary.records, 8U);
  EXPECT_EQ(verified.summary.conflicts, 2U);
}

TEST_F(Attack, OneStoreAloneIsEnough) {
  EXPECT_EQ(run({.only = kP}).exit, 0);
  EXPECT_EQ(run({.only = kM}).exit, 0);
}

TEST_F(Attack, AnEditedColumnIsModified) {
  LedgerRow& row = world_.postgres().row("e1");
  row.version.event.ip = "198.51.100.7";
  make_row(row);
  expect(Verdict::kModified, kP, 1);
}

TEST_F(Attack, AnEditedDerivedColumnIsModified) {
  world_.postgres().row("e1").version.agent = "auth-2";
  expect(Verdict::kModified, kP, 1);
}

TEST_F(Attack, AFlagOfAConflictThatIsGoneIsModified) {
  world_.mongodb().row("e4").has_conflict = false;
  expect(Verdict::kModified, kM, 5);
}

TEST_F(Attack, ColumnAndTileEditedWithOneStoreAloneIsARootMismatch) {
  LedgerRow& row = world_.postgres().row("e1");
  row.version.event.ip = "198.51.100.7";
  make_row(row);
  mend_tile(world_.postgres(), row);
  expect(Verdict::kRootMismatch, std::nullopt, 1, {.only = kP});
}

TEST_F(Attack, ColumnAndTileEditedInOneOfTwoIsModified) {
  LedgerRow& row = world_.postgres().row("e1");
  row.version.event.ip = "198.51.100.7";
  make_row(row);
  mend_tile(world_.postgres(), row);
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kModified, kP, 1)) << verified.text();
  EXPECT_FALSE(verified.has(Verdict::kRootMismatch)) << verified.text();
  EXPECT_EQ(verified.exit, 1);
}

TEST_F(Attack, ColumnAndTileEditedAlikeInBothIsARootMismatch) {
  for (StoreImage& image : world_.stores) {
    LedgerRow& row = image.row("e1");
    row.version.event.ip = "198.51.100.7";
    make_row(row);
    mend_tile(image, row);
  }
  expect(Verdict::kRootMismatch, std::nullopt, 1);
}

TEST_F(Attack, EachStoreEditedAtAnotherPlaceIsMendedFromTheOther) {
  for (const auto& [side, id] : {std::pair(0U, "e1"), std::pair(1U, "e3")}) {
    LedgerRow& row = world_.stores.at(side).row(id);
    row.version.event.ip = "198.51.100.7";
    make_row(row);
    mend_tile(world_.stores.at(side), row);
  }
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kModified, kP, 1)) << verified.text();
  EXPECT_TRUE(verified.has(Verdict::kModified, kM, 3)) << verified.text();
  EXPECT_FALSE(verified.has(Verdict::kRootMismatch)) << verified.text();
}

TEST_F(Attack, AllRecomputedWithoutTheKeyIsABadSignature) {
  const SigningKey forger(first_->origin(), Seed{});
  for (StoreImage& image : world_.stores) {
    LedgerRow& row = image.row("e1");
    row.version.event.ip = "198.51.100.7";
    make_row(row);
    mend_tile(image, row);
    for (LedgerCheckpointRow& one : image.checkpoints) {
      one.note = sign_checkpoint({one.size, *array_from<32>(one.root)}, forger);
    }
  }
  expect(Verdict::kBadSignature, kP, std::nullopt);
}

TEST_F(Attack, ADeletedRowIsMissing) {
  world_.postgres().drop_row("e3");
  expect(Verdict::kMissing, kP, 3);
}

TEST_F(Attack, ADeletedConflictIsMissing) {
  std::erase_if(world_.mongodb().rows, [](const LedgerRow& one) { return one.is_conflict; });
  expect(Verdict::kMissing, kM, 6);
}

TEST_F(Attack, ADeletedFurtherAcceptanceIsMissing) {
  std::erase_if(world_.postgres().leaves, [](const LedgerLeafRow& one) { return one.leaf_index == 7; });
  expect(Verdict::kMissing, kP, 7);
}

TEST_F(Attack, ADeletedRowPassedOffAsADeadLetterIsMissing) {
  world_.postgres().drop_row("e3");
  LedgerLeafRow forged;
  forged.epoch_id = first_->id();
  forged.leaf_index = 10;
  forged.leaf = encode_leaf({first_->id(), 10, now_},
                            GapLeaf{{{first_->id(), 3, 3}}, GapReason::kRefusedByStore, GapStore::kPostgres, "23514"});
  world_.postgres().leaves.push_back(forged);
  expect(Verdict::kMissing, kP, 3);
}

TEST_F(Attack, ADeletedRowPassedOffAsRetentionIsMissing) {
  world_.postgres().drop_row("e3");
  LedgerLeafRow forged;
  forged.epoch_id = first_->id();
  forged.leaf_index = 10;
  forged.leaf = encode_leaf({first_->id(), 10, now_}, PruneLeaf{{{first_->id(), 3, 3}}, "old", {}});
  world_.postgres().leaves.push_back(forged);
  expect(Verdict::kMissing, kP, 3);
}

TEST_F(Attack, ADeletedRowPassedOffAsAFurtherAcceptanceIsMissing) {
  for (StoreImage& image : world_.stores) {
    const Version version = image.row("e3").version;
    image.drop_row("e3");
    LedgerLeafRow leaf;
    leaf.epoch_id = version.epoch_id;
    leaf.leaf_index = version.leaf_index;
    leaf.leaf = event_leaf(version);
    leaf.tenant_id = version.event.tenant_id;
    leaf.log_id = version.event.log_id;
    leaf.tenant_seq = version.ledger->tenant_seq;
    leaf.record_key = version.ledger->record_key;
    image.leaves.push_back(leaf);
    image.count_accounts();
  }
  expect(Verdict::kMissing, kP, 3);
}

TEST_F(Attack, ACopyOfARowIsForeign) {
  LedgerRow copy = world_.postgres().row("e3");
  copy.version.event.log_id = "e3-copy";
  make_row(copy);
  world_.postgres().rows.push_back(copy);
  world_.postgres().count_accounts();
  expect(Verdict::kForeign, kP, 3);
}

TEST_F(Attack, ARowBeyondTheEndIsForeign) {
  for (StoreImage& image : world_.stores) {
    LedgerRow row = image.row("e3");
    row.version.event.log_id = "e9";
    row.version.leaf_index = 12;
    make_row(row);
    image.rows.push_back(row);
  }
  expect(Verdict::kForeign, kP, 12);
  expect(Verdict::kForeign, kM, 12);
}

TEST_F(Attack, ARowAsFromBeforeTheLedgerIsForeign) {
  LedgerRow row = world_.postgres().row("e3");
  row.version.event.log_id = "e0";
  row.version.ledger.reset();
  row.tenant_seq.reset();
  make_row(row);
  world_.postgres().rows.push_back(row);
  world_.postgres().count_accounts();
  expect(Verdict::kForeign, kP, std::nullopt);
}

TEST_F(Attack, RowsFromBeforeTheLedgerAreAcceptedWhereTheTrustFileSaysSo) {
  for (StoreImage& image : world_.stores) {
    LedgerRow row = image.row("e3");
    row.version.event.log_id = "e0";
    row.version.ledger.reset();
    row.tenant_seq.reset();
    row.version.received_at = kBegin - 5 * kSecond;
    row.version.effective_at = kBegin - 5 * kSecond;
    make_row(row);
    image.rows.push_back(row);
    image.count_accounts();
  }
  world_.trust.push_back("unproved before " + utc_text(kBegin) + " 1");
  const Verified verified = run();
  EXPECT_EQ(verified.exit, 0) << verified.text();
  EXPECT_EQ(verified.summary.unproved, 2U);
}

TEST_F(Attack, ARowOfAnotherEpochIsForeign) {
  LedgerRow row = world_.postgres().row("e3");
  row.version.event.log_id = "e0";
  row.version.epoch_id[15] = 0x77;
  make_row(row);
  world_.postgres().rows.push_back(row);
  world_.postgres().count_accounts();
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kForeign, kP, 3)) << verified.text();
  EXPECT_EQ(verified.exit, 1);
}

TEST_F(Attack, SwappedRowsAreModified) {
  std::swap(world_.postgres().row("e1").version.leaf_index, world_.postgres().row("e3").version.leaf_index);
  expect(Verdict::kModified, kP, 1);
  expect(Verdict::kModified, kP, 3);
}

TEST_F(Attack, ARowMovedToAnotherTenantIsModified) {
  LedgerRow& row = world_.postgres().row("e3");
  row.version.event.tenant_id = "acme";
  make_row(row);
  world_.postgres().count_accounts();
  expect(Verdict::kModified, kP, 3);
}

TEST_F(Attack, AConflictInThePlaceOfTheRecordIsConflictOrder) {
  for (StoreImage& image : world_.stores) {
    LedgerRow& record = image.row("e4");
    LedgerRow& conflict = *image.conflict("e4");
    std::swap(record.version, conflict.version);
    std::swap(record.tenant_seq, conflict.tenant_seq);
  }
  expect(Verdict::kConflictOrder, kP, 5);
}

TEST_F(Attack, ATruncatedTailInOneOfTwoIsMissing) {
  cut(world_.postgres(), first_->id(), 5);
  expect(Verdict::kMissing, kP, 5);
}

TEST_F(Attack, ATruncatedTailInBothIsMissingWithOneArchivedLine) {
  world_.archive.push_back(first_->note());
  for (StoreImage& image : world_.stores) {
    cut(image, first_->id(), 5);
  }
  expect(Verdict::kMissing, std::nullopt, 5);
}

TEST_F(Attack, ALoneLeafDoesNotHideTheHole) {
  world_.archive.push_back(first_->note());
  for (StoreImage& image : world_.stores) {
    const LedgerLeafRow last = image.leaves.back();
    cut(image, first_->id(), 5);
    image.leaves.push_back(last);
  }
  expect(Verdict::kMissing, std::nullopt, 5);
}

TEST_F(Attack, ATruncatedTailWithNothingLeftIsStaleBehindTheDueTime) {
  for (StoreImage& image : world_.stores) {
    cut(image, first_->id(), 5);
  }
  EXPECT_EQ(run().exit, 0) << run().text();
  expect(Verdict::kStale, std::nullopt, 5, {.now = now_ + 700 * kSecond});
}

TEST_F(Attack, AWholeEpochThatAnotherAgentSawIsMissing) {
  Epoch other(world_, {.seed = 2, .agent = "auth-2", .at = now_});
  other.heartbeat({first_->witness()});
  other.close();
  now_ = other.now();
  EXPECT_EQ(run().exit, 0) << run().text();
  for (StoreImage& image : world_.stores) {
    remove(image, first_->id());
  }
  expect(Verdict::kMissing, std::nullopt, 0);
}

TEST_F(Attack, AWholeEpochThatIsFollowedIsMissing) {
  Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  next.heartbeat();
  next.close();
  now_ = next.now();
  EXPECT_EQ(run().exit, 0) << run().text();
  for (StoreImage& image : world_.stores) {
    remove(image, first_->id());
  }
  expect(Verdict::kMissing, kP, 0);
}

TEST_F(Attack, AWholeEpochThatIsArchivedIsMissing) {
  world_.archive = {world_.postgres().epochs.front().note, first_->note()};
  for (StoreImage& image : world_.stores) {
    remove(image, first_->id());
  }
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kMissing)) << verified.text();
  EXPECT_EQ(verified.exit, 1);
}

TEST_F(Attack, AnArchivedNoteOfWhichNobodyKnowsTheKeyIsNoProof) {
  world_.archive.push_back(first_->note());
  for (StoreImage& image : world_.stores) {
    remove(image, first_->id());
  }
  Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kUnknownKey)) << verified.text();
  EXPECT_EQ(verified.exit, 2);
  world_.trust.push_back(verifier_key_text(first_->key().verifier()));
  verified = run();
  EXPECT_TRUE(verified.has(Verdict::kMissing)) << verified.text();
  EXPECT_EQ(verified.exit, 1);
}

/// Each epoch is proven by the next one's leaf alone: no note of the others is left, but that of size 1.
TEST_F(Attack, AChainOfWitnessesOfAnyLengthIsFollowedToItsEnd) {
  constexpr std::uint8_t kLinks = 12;
  std::vector<std::unique_ptr<Epoch>> chain;
  Witness before = first_->witness();
  for (std::uint8_t i = 0; i < kLinks; ++i) {
    chain.push_back(std::make_unique<Epoch>(
        world_, Epoch::Begin{.seed = static_cast<std::uint8_t>(kLinks + 2 - i), .agent = "auth-w", .at = now_}));
    chain.back()->heartbeat({before});
    chain.back()->close();
    before = chain.back()->witness();
  }
  now_ = chain.back()->now() + kSecond;
  for (StoreImage& image : world_.stores) {
    std::erase_if(image.checkpoints,
                  [&](const LedgerCheckpointRow& one) { return one.epoch_id != chain.back()->id(); });
  }
  EXPECT_EQ(run().exit, 0) << run().text();
  EXPECT_EQ(run().summary.leaves, 10U + 3U * kLinks);
  for (StoreImage& image : world_.stores) {
    LedgerRow& row = image.row("e1");
    row.version.event.ip = "198.51.100.7";
    make_row(row);
    mend_tile(image, row);
  }
  expect(Verdict::kRootMismatch, std::nullopt, 1);
}

TEST_F(Attack, AStoreSetBackBehindWhatItConfirmedIsMissing) {
  Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
  next.event(login("acme", "f1"));
  next.heartbeat();
  next.event(login("acme", "f2"));
  next.heartbeat();
  now_ = next.now();
  EXPECT_EQ(run().exit, 0) << run().text();
  cut(world_.mongodb(), next.id(), 1);
  expect(Verdict::kMissing, kM, 1);
}

TEST_F(Attack, AnEditedTimeOfATileIsModified) {
  world_.mongodb().tiles.front().first_accept_at += 1;
  expect(Verdict::kModified, kM, 0);
}

TEST_F(Attack, AnEditedTimeOfACheckpointIsModified) {
  world_.mongodb().checkpoints.front().accepted_at += 1;
  expect(Verdict::kModified, kM, 5);
}

TEST_F(Attack, ADeletedTileIsMissing) {
  world_.postgres().tiles.erase(world_.postgres().tiles.begin());
  expect(Verdict::kMissing, kP, 0);
}

TEST_F(Attack, OneBitInATileIsModified) {
  world_.postgres().tiles.front().hashes[33] ^= 1;
  expect(Verdict::kModified, kP, 1);
}

TEST_F(Attack, OneBitInARecordKeyIsModified) {
  world_.postgres().row("e3").version.ledger->record_key[0] ^= 1;
  expect(Verdict::kModified, kP, 3);
}

TEST_F(Attack, OneBitInAnOpenLeafIsABadSignature) {
  world_.postgres().epochs.front().open.back() ^= 1;
  expect(Verdict::kBadSignature, kP, std::nullopt);
}

TEST_F(Attack, OneBitInANoteIsABadSignature) {
  std::string& note = world_.mongodb().epochs.front().note;
  note[note.size() - 5] = note[note.size() - 5] == 'A' ? 'B' : 'A';
  expect(Verdict::kBadSignature, kM, std::nullopt);
  std::string& checkpoint = world_.postgres().checkpoints.front().note;
  checkpoint[checkpoint.size() - 8] = checkpoint[checkpoint.size() - 8] == 'A' ? 'B' : 'A';
  expect(Verdict::kBadSignature, kP, std::nullopt);
}

}  // namespace
}  // namespace twinlog::testing
