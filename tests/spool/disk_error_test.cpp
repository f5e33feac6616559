// A disk that refuses: nothing is promised, the same sync is not tried again, and the spool comes back by itself.
#include <gmock/gmock.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "tests/spool/spool_fixture.h"
#include "tests/spool/spool_image.h"

namespace twinlog {
namespace {

using rocksdb::IOStatus;
using ::testing::ElementsAre;
using testing::make_event;
using testing::Step;
using D = Disposition;

constexpr std::uint64_t kForEver = 1'000'000'000;

class SpoolDiskError : public testing::FaultySpoolTest {
 protected:
  SpoolDiskError() { open(); }
  void heal(Step step) { disk_.files->fail(step, 0, IOStatus::OK()); }
  /// Of event 50 of 100, refused by PostgreSQL.
  void keep_a_letter_that_rots() {
    for (int i = 1; i <= 100; ++i) {
      ASSERT_EQ(offer_one(make_event("e" + std::to_string(i))), D::kStored);
    }
    const DeadLetter letter = letter_of(50);
    ASSERT_TRUE(spool().keep_dead_letters(StoreId::kPostgres, 50, {&letter, 1}).ok());
  }
  void rot() {
    ASSERT_TRUE(spool().sync().ok());
    for (const auto& file : std::filesystem::directory_iterator(settings_.path)) {
      const std::size_t place = testing::content_of(file.path()).find(kRefusedBy);
      if (file.path().extension() == ".log" && place != std::string::npos) {
        testing::FaultyFileSystem::flip(file.path(), place);
      }
    }
  }
};

TEST_F(SpoolDiskError, AFailedSyncIsNotPromisedAndTheNextCommitRecovers) {
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  disk_.files->fail(Step::kSync, 1, IOStatus::IOError("planted"));
  EXPECT_TRUE(offer({make_event("b")}).empty());
  EXPECT_FALSE(spool().stats().writable);
  EXPECT_EQ(spool().stats().sync_errors, 1U);
  EXPECT_EQ(spool().last_leaf(), 1U);
  ASSERT_EQ(offer_one(make_event("c")), D::kStored);
  EXPECT_TRUE(spool().stats().writable);
  const std::vector<std::string> kept = log_ids_after(0);
  EXPECT_EQ(kept.front(), "a");
  EXPECT_EQ(kept.back(), "c");
}

// The record that kept the letter and moved the cursor rots in the log while the spool is open; then a write fails, and
// replay stops before that record.
TEST_F(SpoolDiskError, AnOpeningAnewPassesNoEventWhoseLetterWasInTheLogThatRotted) {
  keep_a_letter_that_rots();
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 80).ok());
  rot();
  disk_.files->fail(Step::kSync, 1, IOStatus::IOError("planted"));
  ASSERT_TRUE(offer({make_event("b")}).empty());
  ASSERT_EQ(offer_one(make_event("c")), D::kStored);
  EXPECT_TRUE(spool().dead_leaves(StoreId::kPostgres, {1, 100}).empty());
  EXPECT_LT(spool().cursor(StoreId::kPostgres), 50U) << "it is offered again";
  EXPECT_GE(spool().delivered_before(StoreId::kPostgres), 80U);
  EXPECT_TRUE(spool().stats().losses.empty());
  close();
  open();
  EXPECT_LT(spool().cursor(StoreId::kPostgres), 50U);
}

TEST_F(SpoolDiskError, WhatWasTrimmedBehindALetterThatRottedIsSaidAsWhatCannotBeProved) {
  close();
  settings_.keep_delivered = std::chrono::milliseconds(0);
  open();
  keep_a_letter_that_rots();
  deliver_all();
  settle();
  ASSERT_GT(spool().stats().first_kept_leaf, 50U);
  rot();
  close();
  open();
  EXPECT_THAT(spool().take_warnings(),
              ::testing::Contains(::testing::HasSubstr("whether postgres had refused any of the events")));
}

TEST_F(SpoolDiskError, TheReasonIsToldForAsLongAsNothingIsTaken) {
  disk_.files->fail(Step::kSync, kForEver, IOStatus::IOError("planted"));
  ASSERT_TRUE(offer({make_event("b")}).empty());
  EXPECT_THAT(spool().stats().trouble, ::testing::HasSubstr("planted"));
  EXPECT_FALSE(spool().stats().is_volume_full);
  EXPECT_TRUE(spool().stats().losses.empty());
  heal(Step::kSync);
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  EXPECT_EQ(spool().stats().trouble, "");
}

TEST_F(SpoolDiskError, ABatchThatReachedTheDiskAllTheSameIsKeptAndItsRepeatIsADuplicate) {
  disk_.files->fail(Step::kSync, 1, IOStatus::IOError("planted"));
  ASSERT_TRUE(offer({make_event("b")}).empty());
  EXPECT_EQ(offer_one(make_event("b")), D::kDuplicate);
  EXPECT_THAT(log_ids_after(0), ElementsAre("b"));
  // What is answered from now on does not lean on the log whose sync failed.
  close();
  disk_.files->crash();
  open();
  EXPECT_THAT(log_ids_after(0), ElementsAre("b"));
}

TEST_F(SpoolDiskError, AHalfWrittenBatchIsGoneAndItsLeafIsUsedAgain) {
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  disk_.files->fail(Step::kAppend, 1, IOStatus::IOError("planted"));
  ASSERT_TRUE(offer({make_event("b")}).empty());
  EXPECT_EQ(offer_one(make_event("b")), D::kStored);
  EXPECT_THAT(leaves_after(0), ElementsAre(1, 2));
}

TEST_F(SpoolDiskError, WhileTheDiskIsDeadNothingIsPromisedAndMaintenanceTriesAgain) {
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  disk_.files->fail(Step::kSync, kForEver, IOStatus::IOError("planted"));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(offer({make_event("b")}).empty());
    EXPECT_FALSE(maintain_after(std::chrono::seconds{1}).ok());
  }
  heal(Step::kSync);
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  EXPECT_TRUE(spool().stats().writable);
  EXPECT_EQ(offer_one(make_event("c")), D::kStored);
  EXPECT_EQ(log_ids_after(0).front(), "a");
}

TEST_F(SpoolDiskError, ACursorMovedWhileTheDiskWasDeadIsWrittenWhenItIsBack) {
  store_many("e", 20);
  disk_.files->fail(Step::kSync, kForEver, IOStatus::IOError("planted"));
  ASSERT_TRUE(offer({make_event("b")}).empty());
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 15).ok());
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 15U);
  heal(Step::kSync);
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  close();
  disk_.files->crash();
  open();
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 15U);
}

TEST_F(SpoolDiskError, ACursorThatGoesBackWhileTheDiskIsDeadSaysThatOnlyMemoryKnows) {
  store_many("e", 20);
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 15).ok());
  disk_.files->fail(Step::kSync, kForEver, IOStatus::IOError("planted"));
  ASSERT_TRUE(offer({make_event("b")}).empty());
  EXPECT_FALSE(spool().move_cursor(StoreId::kPostgres, 5).ok());
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 5U);
  heal(Step::kSync);
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  close();
  disk_.files->crash();
  open();
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 5U);
}

TEST_F(SpoolDiskError, WhatAStoreLacksIsWrittenWhenTheDiskIsBack) {
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  disk_.files->fail(Step::kSync, kForEver, IOStatus::IOError("planted"));
  EXPECT_FALSE(spool().note_incomplete(StoreId::kPostgres, 7).ok());
  heal(Step::kSync);
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  close();
  disk_.files->crash();
  open();
  EXPECT_EQ(spool().stats().incomplete_since[0], 7);
}

TEST_F(SpoolDiskError, OneFailureAtAnyStepHarmsNoPromise) {
  for (const Step step : {Step::kCreate, Step::kAppend, Step::kSync, Step::kFolderSync, Step::kRename}) {
    std::vector<std::string> promised;
    const std::uint64_t failed_before = disk_.files->failed();
    disk_.files->fail(Step::kSync, 1, IOStatus::IOError("planted"));  // So that it is opened again, and meets the step.
    disk_.files->fail(step, 1, IOStatus::IOError("planted"));
    for (int i = 0; i < 200; ++i) {
      const std::string log_id = "s" + std::to_string(static_cast<int>(step)) + "-" + std::to_string(i);
      if (offer_one(make_event(log_id, {.filler_bytes = 1000})) == D::kStored) {
        promised.push_back(log_id);
      }
      const Status ignored_while_broken = maintain_after(std::chrono::seconds{1});
      static_cast<void>(ignored_while_broken);
    }
    ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
    EXPECT_EQ(disk_.files->failed() - failed_before, step == Step::kSync ? 1U : 2U);
    EXPECT_GE(promised.size(), 195U);
    open();
    const std::vector<std::string> kept = log_ids_after(0);
    for (const std::string& log_id : promised) {
      EXPECT_EQ(std::count(kept.begin(), kept.end(), log_id), 1) << log_id;
    }
  }
}

TEST_F(SpoolDiskError, AFlushThatFailsInTheBackgroundIsNoticedByMaintenance) {
  disk_.files->fail(Step::kCreate, kForEver, IOStatus::NoSpace("planted"));
  for (int i = 0; i < 200 && spool().stats().writable; ++i) {
    offer({make_event("e" + std::to_string(i), {.filler_bytes = 1000})});
    const Status ignored_while_broken = maintain_after(std::chrono::seconds{1});
    static_cast<void>(ignored_while_broken);
  }
  EXPECT_FALSE(spool().stats().writable);
  heal(Step::kCreate);
  EXPECT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  EXPECT_EQ(offer_one(make_event("back")), D::kStored);
}

TEST_F(SpoolDiskError, AQuotaALimitOfFileSizesAndAReadOnlyMountAreBusyAndOverWhenTheCauseIsGone) {
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  for (const int error : {EDQUOT, EFBIG, EROFS}) {
    const std::string words = std::generic_category().message(error);
    disk_.files->fail(Step::kAppend, kForEver, IOStatus::IOError("While appending to file", words));
    EXPECT_TRUE(offer({make_event(words)}).empty());
    EXPECT_FALSE(maintain_after(std::chrono::seconds{1}).ok());
    EXPECT_THAT(spool().stats().trouble, ::testing::HasSubstr(words));
    EXPECT_EQ(spool().stats().is_volume_full, error == EDQUOT);
    EXPECT_EQ(log_ids_after(0).front(), "a");
    heal(Step::kAppend);
    ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
    EXPECT_TRUE(spool().stats().writable);
    EXPECT_EQ(spool().stats().trouble, "");
    EXPECT_EQ(offer_one(make_event("after " + words)), D::kStored);
  }
}

}  // namespace
}  // namespace twinlog
