// The promise: what was answered as stored is there after the power went off, wherever it went off.
#include <gmock/gmock.h>

#include <optional>
#include <random>

#include "tests/spool/promises.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using testing::kReceivedAt;
using testing::make_event;
using D = Disposition;

class SpoolPowerLoss : public testing::FaultySpoolTest {
 protected:
  /// False when the power went off before the spool was open.
  bool try_open() {
    spool_.reset();
    Result<std::unique_ptr<Spool>> opened = open_rocks_spool(settings_, random_, clock_);
    if (opened) {
      spool_ = std::move(*opened);
    }
    return opened.has_value();
  }

  /// With a seed: parts of what was not synced are there.
  void power_back(std::optional<std::uint64_t> seed = std::nullopt) {
    close();
    disk_.files->crash(seed);
    open();
  }

  /// Commits, cursor moves and trimming, with flushes and compactions under way.
  void work(int commits) {
    settings_.keep_delivered = std::chrono::milliseconds{0};
    if (!try_open()) {
      return;
    }
    for (int i = 0; i < commits && !disk_.files->is_off(); ++i) {
      promises_.offer(spool(), {make_event("e" + std::to_string(++offered_), {.filler_bytes = 3000})}, kReceivedAt);
      if (i % 16 == 0) {
        promises_.move_cursor(spool(), StoreId::kPostgres, spool().last_leaf());
        promises_.move_cursor(spool(), StoreId::kMongodb, spool().last_leaf() / 2);
        const Status maintained = maintain_after(std::chrono::seconds{1});
        EXPECT_TRUE(disk_.files->is_off() || maintained.ok());
      }
    }
  }

  testing::Promises promises_;
  int offered_ = 0;
};

TEST_F(SpoolPowerLoss, NothingPromisedIsLostWhereverItHappens) {
  constexpr int kCommits = 80;
  std::uint64_t points = 0;
  for (std::uint64_t step = 1;; step += 1 + step / 16) {
    SCOPED_TRACE("seed and step " + std::to_string(step));
    settings_.path = folder_.path("spool" + std::to_string(step));
    promises_ = {};
    disk_.files->power_off_at(step);
    work(kCommits);
    const bool was_hit = disk_.files->is_off();
    power_back(step);
    promises_.check(spool());
    ASSERT_EQ(offer_one(make_event("after", {})), D::kStored);
    if (!was_hit) {
      break;
    }
    ++points;
  }
  EXPECT_GT(points, 50U);
}

TEST_F(SpoolPowerLoss, NothingPromisedIsLostOverManyCrashesOfOneSpool) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    disk_.files->power_off_at(20 + random() % 200);
    work(60);
    power_back(random());
    promises_.check(spool());
  }
  EXPECT_GT(promises_.size(), 200U);
}

TEST_F(SpoolPowerLoss, IdentityIsTheSameForEverOnceTheSpoolHasOpened) {
  open();
  const SpoolIdentity before = spool().identity();
  disk_.files->power_off_at(1);
  EXPECT_TRUE(offer({make_event("a")}).empty());
  power_back();
  EXPECT_EQ(spool().identity().epoch_id, before.epoch_id);
  EXPECT_EQ(spool().identity().log_id_key, before.log_id_key);
}

TEST_F(SpoolPowerLoss, TheNewFolderItselfIsDurable) {
  settings_.path = folder_.path("new/spool");
  open();
  EXPECT_TRUE(disk_.files->folder_was_synced(folder_.path("")));
  EXPECT_TRUE(disk_.files->folder_was_synced(folder_.path("new")));
  EXPECT_TRUE(disk_.files->folder_was_synced(folder_.path("new/spool")));
}

TEST_F(SpoolPowerLoss, TheNewFolderIsDurableAlsoWhereTheStartThatMadeItWasCutShort) {
  settings_.path = folder_.path("new/spool");
  disk_.files->fail(testing::Step::kFolderSync, 1, rocksdb::IOStatus::IOError("planted"));
  ASSERT_FALSE(try_open());
  open();
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  power_back();
  EXPECT_EQ(offer_one(make_event("a")), D::kDuplicate);
}

TEST_F(SpoolPowerLoss, NoFileIsGoneThatTheCursorsOnTheDiskStillAskFor) {
  settings_.keep_delivered = std::chrono::milliseconds{0};
  open();
  store_many("e", 1000, {.filler_bytes = 1000});
  settle();
  deliver_all();
  // Of the megabyte of events most is gone then: the ballast takes 384 KiB, logs and the newest table up to 384 more.
  ASSERT_TRUE(shrinks_below(1000U << 10U));
  disk_.files->power_off_at(1);
  power_back();
  const std::uint64_t first_kept = spool().stats().first_kept_leaf;
  EXPECT_GE(spool().cursor(StoreId::kPostgres) + 1, first_kept);
  EXPECT_EQ(leaves_after(0).size(), 1001 - first_kept);
}

TEST_F(SpoolPowerLoss, ACursorThatWentBackStaysBack) {
  open();
  store_many("e", 100);
  deliver_all();
  ASSERT_TRUE(spool().sync().ok());
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 10).ok());
  disk_.files->power_off_at(1);
  power_back();
  EXPECT_EQ(spool().cursor(StoreId::kMongodb), 10U);
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 100U);
}

TEST_F(SpoolPowerLoss, ACursorMoveThatWasLostOnlyRepeats) {
  open();
  store_many("e", 100);
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 90).ok());
  disk_.files->power_off_at(1);
  power_back();
  EXPECT_EQ(spool().cursor(StoreId::kMongodb), 0U);
  EXPECT_EQ(leaves_after(0).size(), 100U);
}

}  // namespace
}  // namespace twinlog
