// What is put back, what is not, and what is said of it: stores in memory, with every fault that a store can have.
#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

#include "tests/verify/mender_image.h"

namespace twinlog::testing {
namespace {

class Reconciled : public Attacked {
 protected:
  /// Compares, and puts back what is lacking, then what accounts come to, as the command does.
  void mend(Mending::Unproved unproved = Mending::Unproved::kLeave) {
    said_.clear();
    mended_ = 0;
    for (int round = 0; round < 4; ++round) {
      const std::uint64_t before = mended_;
      said_.clear();
      mend_once(unproved);
      if (mended_ == before || !error_.empty()) {
        return;
      }
    }
  }
  void mend_once(Mending::Unproved unproved) {
    DifferenceFinder finder(
        {sorting(), now_, [this](const Lack& lack, const DifferenceFinder::EpochName& name, const std::string& why) {
           said_.push_back(lack_words(lack, name) + ": " + why);
         }});
    find(finder);
    lacks_ = finder.lacks().records();
    Mending mending(
        {{&postgres_, &mongodb_}, finder, unproved, [this](const std::string& line) { said_.push_back(line); }});
    Status done = mending.put_back();
    if (done && mending.all() == 0) {
      done = mending.rebuild_accounts();
    }
    error_ = done ? "" : done.error().message();
    mended_ += mending.all();
    accounts_ += mending.accounts();
  }
  void find(DifferenceFinder& finder) {
    FakeLedgerReader postgres(world_.postgres());
    FakeLedgerReader mongodb(world_.mongodb());
    FindingLog log({}, [](const Finding&, Judged) {});
    VerifyOrder order;
    order.stores.push_back({kP, postgres});
    order.stores.push_back({kM, mongodb});
    std::string trust;
    for (const std::string& line : world_.trust) {
      trust += line + "\n";
    }
    order.trust = *parse_trust_file(trust);
    order.now = now_;
    order.sorting = sorting();
    order.watch = &finder;
    ASSERT_TRUE(verify_stores(order, log).has_value());
    ASSERT_TRUE(finder.finish().ok());
  }
  SortSettings sorting() const {
    const char* const folder = std::getenv("TMPDIR");
    SortSettings settings;
    settings.folder = folder == nullptr ? "/tmp" : folder;
    settings.memory_bytes = sort_memory_;
    return settings;
  }
  void expect_mended(std::uint64_t count) {
    mend();
    EXPECT_EQ(mended_, count);
    expect_clean();
  }
  void expect_clean() {
    EXPECT_EQ(said_, std::vector<std::string>()) << said_.front();
    EXPECT_EQ(error_, "");
    const Verified verified = run();
    EXPECT_EQ(verified.exit, 0) << verified.text();
    mend();
    EXPECT_EQ(mended_, 0U);
    EXPECT_EQ(lacks_, 0U);
  }
  void expect_said(const std::string& words) {
    EXPECT_TRUE(std::ranges::any_of(said_, [&](const std::string& line) { return line.find(words) != line.npos; }))
        << words << " is not among\n"
        << std::accumulate(said_.begin(), said_.end(), std::string(),
                           [](const std::string& all, const std::string& line) { return all + line + "\n"; });
  }

  FakeMender postgres_{world_.postgres()};
  FakeMender mongodb_{world_.mongodb()};
  std::vector<std::string> said_;
  std::string error_;
  std::uint64_t mended_ = 0;
  std::uint64_t accounts_ = 0;
  std::uint64_t lacks_ = 0;
  std::size_t sort_memory_ = 1U << 20U;
};

TEST_F(Reconciled, StoresThatAgreeAreLeftAlone) {
  expect_mended(0);
  EXPECT_EQ(postgres_.restorations + mongodb_.restorations, 0);
}

TEST_F(Reconciled, ARecordComesBack) {
  world_.postgres().drop_row("e3");
  expect_mended(1);
}

TEST_F(Reconciled, EachStoreGivesToTheOther) {
  world_.postgres().drop_row("e3");
  world_.mongodb().drop_row("e2");
  expect_mended(2);
}

TEST_F(Reconciled, EverythingOfAnEpochComesBack) {
  remove(world_.mongodb(), first_->id());
  world_.mongodb().accounts.clear();
  sort_memory_ = 4096;
  mend();
  EXPECT_EQ(accounts_, 3U);
  expect_clean();
}

TEST_F(Reconciled, AFurtherAcceptanceFindsItsContentInTheRecord) {
  std::erase_if(world_.postgres().leaves, [](const LedgerLeafRow& one) { return one.log_id == "e1"; });
  expect_mended(1);
}

TEST_F(Reconciled, AConflictComesBackAsOne) {
  std::erase_if(world_.postgres().rows, [](const LedgerRow& one) { return one.is_conflict; });
  world_.postgres().row("e4").has_conflict = false;
  expect_mended(1);
  EXPECT_NE(world_.postgres().conflict("e4"), nullptr);
}

TEST_F(Reconciled, ATileIsMadeAgainFromWhatIsProven) {
  std::erase_if(world_.postgres().tiles, [](const LedgerTileRow& one) { return one.first_index == 0; });
  expect_mended(1);
}

TEST_F(Reconciled, AnOlderNoteMayHaveBeenThinned) {
  std::erase_if(world_.postgres().checkpoints, [](const LedgerCheckpointRow& one) { return one.size < 10; });
  expect_mended(0);
}

TEST_F(Reconciled, TheNewestNoteComesBack) {
  std::erase_if(world_.postgres().checkpoints, [](const LedgerCheckpointRow& one) { return one.size == 10; });
  expect_mended(1);
}

TEST_F(Reconciled, ANoteThatItsEpochDidNotSignIsNotCopied) {
  std::erase_if(world_.postgres().checkpoints, [](const LedgerCheckpointRow& one) { return one.size == 10; });
  for (LedgerCheckpointRow& one : world_.mongodb().checkpoints) {
    one.note = one.size == 10 ? sign_checkpoint({10, first_->root()}, world_.enrolment) : one.note;
  }
  mend();
  EXPECT_EQ(mended_, 0U);
}

TEST_F(Reconciled, AChangedRowIsNeitherCopiedNorWrittenOver) {
  world_.mongodb().row("e3").version.event.user_agent = "other";
  make_row(world_.mongodb().row("e3"));
  mend();
  EXPECT_EQ(mended_, 0U);
  world_.postgres().drop_row("e3");
  mend();
  EXPECT_EQ(mended_, 0U);
  EXPECT_TRUE(run().has(Verdict::kMissing, kP, 3));
  EXPECT_EQ(world_.mongodb().row("e3").version.event.user_agent, "other");
}

TEST_F(Reconciled, NothingIsPutBesideAChangedRow) {
  world_.postgres().row("e4").version.event.user_agent = "other";
  std::erase_if(world_.postgres().rows, [](const LedgerRow& one) { return one.is_conflict; });
  mend();
  EXPECT_EQ(mended_, 0U);
  expect_said("keep it as evidence");
}

TEST_F(Reconciled, NothingIsPutBesideARowWithoutALeaf) {
  LedgerRow& row = world_.postgres().row("e3");
  row.version.ledger.reset();
  row.tenant_seq.reset();
  mend();
  EXPECT_EQ(mended_, 0U);
  expect_said("not as an agent writes it");
}

TEST_F(Reconciled, WhatTheStoreWillNotHaveIsNamedAndTheRestComes) {
  for (const char* name : {"e2", "e3"}) {
    world_.postgres().drop_row(name);
  }
  postgres_.refused = {"e2"};
  mend();
  EXPECT_EQ(mended_, 1U);
  expect_said("(acme, e2): the store will not have it");
  expect_said("does not come back");
  EXPECT_EQ(accounts_, 0U);
}

TEST_F(Reconciled, WhatTheStoreSwallowsIsNotCounted) {
  world_.postgres().drop_row("e3");
  postgres_.swallowed = {"e3"};
  mend();
  EXPECT_EQ(mended_, 0U);
  expect_said("does not lie there");
}

TEST_F(Reconciled, AStoreThatBreaksOffIsAnError) {
  world_.postgres().drop_row("e3");
  postgres_.fault = StoreError{Reaction::kReconnect, {}, {}, "gone", StoreStage::kRecords};
  mend();
  EXPECT_EQ(error_, "postgres: gone");
}

TEST_F(Reconciled, WhatWasPrunedStaysAway) {
  Epoch second(world_, {.seed = 2, .agent = "auth-2", .at = first_->now() + kSecond});
  second.prune({{{first_->id(), 3, 3}}, "30 days", {}});
  second.close();
  now_ = second.now() + kSecond;
  world_.postgres().drop_row("e3");
  world_.postgres().count_accounts();
  mend();
  EXPECT_EQ(mended_, 0U);
  EXPECT_EQ(lacks_, 0U);
}

TEST_F(Reconciled, WhatIsBeingErasedIsNotBroughtBack) {
  Epoch second(world_, {.seed = 2, .agent = "auth-2", .at = first_->now() + kSecond});
  second.erase({std::string("\x06\x07", 2), std::nullopt, {{first_->id(), 3, 3}}});
  second.close();
  now_ = second.now() + kSecond;
  world_.postgres().drop_row("e3");
  mend();
  EXPECT_EQ(mended_, 0U);
  expect_said("twinlog erase");
}

TEST_F(Reconciled, WhatIsOnItsWayToAStoreIsNoLack) {
  Epoch second(world_, {.seed = 2, .agent = "auth-2", .at = first_->now() + kSecond});
  second.event(login("acme", "e9"));
  second.checkpoint();
  second.flush(kP);
  now_ = second.now() + kSecond;
  mend();
  EXPECT_EQ(lacks_, 0U);
}

TEST_F(Reconciled, WhatNoCheckpointCoversIsCopiedOnlyWhenAsked) {
  Epoch second(world_, {.seed = 2, .agent = "auth-2", .at = first_->now() + kSecond});
  second.event(login("acme", "e8"));
  second.heartbeat();
  second.event(login("acme", "e9"));
  second.flush(kP);
  now_ = second.now() + 10'000 * kSecond;
  mend();
  EXPECT_EQ(mended_, 0U);
  expect_said("--include-unproved");
  mend(Mending::Unproved::kCopy);
  EXPECT_GT(mended_, 0U);
  EXPECT_EQ(world_.mongodb().row("e9").version.leaf_index, 3U);
}

TEST_F(Reconciled, AnAccountIsMadeAgainFromItsEvents) {
  world_.postgres().account("id:u1").account.failed_login_attempts = 77;
  std::erase_if(world_.mongodb().accounts, [](const LedgerAccountRow& one) { return one.key.tenant_id == "other"; });
  mend();
  EXPECT_EQ(accounts_, 2U);
  expect_clean();
}

TEST_F(Reconciled, AnAccountIsNotMadeOfWhatWasChanged) {
  world_.postgres().row("e2").version.event.occurred_at += 1;
  make_row(world_.postgres().row("e2"));
  mend();
  EXPECT_EQ(accounts_, 0U);
  expect_said("not what was signed");
}

TEST_F(Reconciled, AnAccountIsNotMadeOfRowsWithoutALeaf) {
  LedgerRow row = world_.postgres().row("e2");
  row.version.ledger.reset();
  row.tenant_seq.reset();
  row.version.event.log_id = "e99";
  make_row(row);
  world_.postgres().rows.push_back(row);
  mend();
  EXPECT_EQ(accounts_, 0U);
}

TEST_F(Reconciled, AnAccountThatIsWrittenMeanwhileIsLeftToTheNextTime) {
  world_.postgres().account("id:u1").account.failed_login_attempts = 77;
  postgres_.writes_meanwhile = true;
  mend();
  EXPECT_EQ(accounts_, 0U);
  expect_said("written meanwhile");
}

TEST_F(Reconciled, AnAccountThatNoEventSpeaksToStays) {
  LedgerAccountRow row = world_.postgres().account("id:u1");
  row.key.account = "id:nobody";
  world_.postgres().accounts.push_back(row);
  mend();
  EXPECT_EQ(accounts_, 0U);
  expect_said("no event speaks to");
}

TEST_F(Reconciled, WhereEventsWerePrunedTheOtherStoresRowTellsWhatAccountsCameTo) {
  Epoch second(world_, {.seed = 2, .agent = "auth-2", .at = first_->now() + kSecond});
  second.prune({{{first_->id(), 5, 6}}, "30 days", {}});  // The lock.
  second.event(login("acme", "e9"));
  second.close();
  now_ = second.now() + kSecond;
  for (StoreImage& image : world_.stores) {
    std::erase_if(image.rows, [](const LedgerRow& one) { return one.version.event.log_id == "e4"; });
  }
  ASSERT_EQ(run().exit, 0) << run().text();
  std::erase_if(world_.postgres().accounts, [](const LedgerAccountRow& one) { return one.key.tenant_id == "acme"; });
  mend();
  EXPECT_EQ(accounts_, 2U);
  const auto made = std::ranges::find(world_.postgres().accounts, AccountKey{"acme", "id:u1"}, &LedgerAccountRow::key);
  ASSERT_NE(made, world_.postgres().accounts.end());
  EXPECT_EQ(made->account.lock_kind, LockKind::kPermanent);
  expect_clean();
}

TEST_F(Reconciled, WhereEventsWerePrunedAndTheOtherRowIsWrongTooNothingIsMadeUp) {
  Epoch second(world_, {.seed = 2, .agent = "auth-2", .at = first_->now() + kSecond});
  second.prune({{{first_->id(), 5, 6}}, "30 days", {}});
  second.close();
  now_ = second.now() + kSecond;
  for (StoreImage& image : world_.stores) {
    std::erase_if(image.rows, [](const LedgerRow& one) { return one.version.event.log_id == "e4"; });
    image.accounts.clear();
  }
  mend();
  EXPECT_EQ(accounts_, 0U);
  expect_said("some of them may be gone");
}

TEST_F(Reconciled, ADeadLetterComesFromTheOtherStore) {
  Epoch second(world_, {.seed = 2, .agent = "auth-2", .at = first_->now() + kSecond});
  second.refused[kM] = {second.event(login("acme", "e9", "logout"))};
  second.gap({{{second.id(), 1, 1}}, GapReason::kRefusedByStore, GapStore::kMongodb, "121"});
  second.close();
  now_ = second.now() + kSecond;
  ASSERT_TRUE(run().has(Verdict::kDeadLetter)) << run().text();
  expect_mended(1);
}

TEST_F(Reconciled, AnEpochThatNoTrustedKeyBeganIsNotCopied) {
  Epoch second(world_, {.seed = 2, .agent = "auth-2", .at = first_->now() + kSecond});
  second.event(login("acme", "e9"));
  second.close();
  now_ = second.now() + kSecond;
  remove(world_.postgres(), second.id());
  world_.trust = {verifier_key_text(world_.enrolment.verifier()) + " audit.example.com/twinlog/auth-1"};
  mend();
  EXPECT_EQ(mended_, 0U);
  EXPECT_EQ(lacks_, 0U);
}

}  // namespace
}  // namespace twinlog::testing
