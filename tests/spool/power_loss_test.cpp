// The promise: what was answered as stored is there after the power went off, wherever it went off.
#include <gmock/gmock.h>

#include <set>

#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using testing::EventOptions;
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

  void power_back(unsigned survivors) {
    close();
    disk_.files->crash(survivors);
    open();
  }

  void offer_and_note(const std::string& log_id, const EventOptions& options) {
    if (offer_one(make_event(log_id, options)) == D::kStored) {
      promised_.insert(log_id);
    }
  }

  /// Commits, cursor moves and trimming, with flushes and compactions under way.
  void work(int commits) {
    settings_.keep_delivered = std::chrono::milliseconds{0};
    if (!try_open()) {
      return;
    }
    const int first = static_cast<int>(promised_.size());
    for (int i = first; i < first + commits && !disk_.files->is_off(); ++i) {
      offer_and_note("e" + std::to_string(i), {.filler_bytes = 3000});
      if (i % 16 == 0) {
        const Status moved = spool().move_cursor(StoreId::kPostgres, spool().last_leaf());
        const Status other_moved = spool().move_cursor(StoreId::kMongodb, spool().last_leaf() / 2);
        const Status maintained = maintain_after(std::chrono::seconds{1});
        EXPECT_TRUE(disk_.files->is_off() || (moved.ok() && other_moved.ok() && maintained.ok()));
        delivered_most_ = std::max(delivered_most_, spool().last_leaf() / 2);
      }
    }
  }

  /// Every promised event that the slower store may not have yet is there, once; leaves rise; repeats are known.
  void verify_promises() {
    const std::uint64_t first_kept = spool().stats().first_kept_leaf;
    EXPECT_LE(spool().cursor(StoreId::kMongodb), delivered_most_);
    EXPECT_LE(first_kept, delivered_most_ + 1);
    std::multiset<std::string> found;
    for (const std::string& log_id : log_ids_after(0)) {
      found.insert(log_id);
    }
    for (const std::string& log_id : promised_) {
      const auto leaf = std::stoull(log_id.substr(1)) + 1;
      EXPECT_TRUE(leaf < first_kept || found.count(log_id) == 1) << log_id << " first kept " << first_kept;
    }
  }

  std::set<std::string> promised_;
  std::uint64_t delivered_most_ = 0;  ///< The farthest that the slower store has ever been.
};

TEST_F(SpoolPowerLoss, NothingPromisedIsLostWhereverItHappens) {
  constexpr int kCommits = 80;
  std::uint64_t points = 0;
  for (std::uint64_t step = 1;; step += 1 + step / 16) {
    settings_.path = folder_.path("spool" + std::to_string(step));
    promised_.clear();
    delivered_most_ = 0;
    disk_.files->power_off_at(step);
    work(kCommits);
    const bool was_hit = disk_.files->is_off();
    power_back(static_cast<unsigned>(step * 37 % 256));
    verify_promises();
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
    disk_.files->power_off_at(20 + random() % 200);
    work(60);
    power_back(static_cast<unsigned>(random() % 257));
    verify_promises();
    // A batch that was not promised may be there all the same; its leaf and id are then taken.
    for (const std::string& log_id : log_ids_after(0)) {
      promised_.insert(log_id);
    }
  }
  EXPECT_GT(promised_.size(), 200U);
}

TEST_F(SpoolPowerLoss, IdentityIsTheSameForEverOnceTheSpoolHasOpened) {
  open();
  const SpoolIdentity before = spool().identity();
  disk_.files->power_off_at(1);
  EXPECT_TRUE(offer({make_event("a")}).empty());
  power_back(0);
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

TEST_F(SpoolPowerLoss, NoFileIsGoneThatTheCursorsOnTheDiskStillAskFor) {
  settings_.keep_delivered = std::chrono::milliseconds{0};
  open();
  store_many("e", 1000, {.filler_bytes = 1000});
  settle();
  deliver_all();
  // Of the megabyte of events most is gone then: the ballast takes 384 KiB, logs and the newest table up to 384 more.
  ASSERT_TRUE(shrinks_below(1000U << 10U));
  disk_.files->power_off_at(1);
  power_back(0);
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
  power_back(0);
  EXPECT_EQ(spool().cursor(StoreId::kMongodb), 10U);
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 100U);
}

TEST_F(SpoolPowerLoss, ACursorMoveThatWasLostOnlyRepeats) {
  open();
  store_many("e", 100);
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 90).ok());
  disk_.files->power_off_at(1);
  power_back(0);
  EXPECT_EQ(spool().cursor(StoreId::kMongodb), 0U);
  EXPECT_EQ(leaves_after(0).size(), 100U);
}

}  // namespace
}  // namespace twinlog
