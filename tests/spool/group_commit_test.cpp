#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <numeric>
#include <thread>

#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using testing::make_event;

/// A front door without sockets: senders put events in, one thread commits whatever is waiting.
class SmallFrontDoor {
 public:
  SmallFrontDoor(Spool& spool, std::size_t most_in_flight) : spool_(spool), most_in_flight_(most_in_flight) {}

  /// Sends `count` events, of which `most_in_flight` may be unanswered.
  void send(const std::string& prefix, std::size_t count) {
    std::size_t answered = 0;
    for (std::size_t sent = 0; sent < count; ++sent) {
      AcceptedEvent event = make_event(prefix + std::to_string(sent));
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return sent - answered < most_in_flight_; });
      waiting_.push_back({std::move(event), &answered});
      changed_.notify_all();
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answered == count; });
  }

  /// Until `total` events have been answered, all calls together; true when all of those were stored.
  bool commit_until(std::size_t total) {
    while (answered_ < total) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !waiting_.empty(); });
      const std::deque<Waiting> batch = std::exchange(waiting_, {});
      lock.unlock();
      std::vector<CommitRequest> requests;
      requests.reserve(batch.size());
      for (const Waiting& each : batch) {
        requests.push_back({.events = {&each.event, 1}});
      }
      const auto answers = spool_.commit(requests, testing::kReceivedAt);
      lock.lock();
      for (std::size_t i = 0; i < batch.size(); ++i) {
        all_stored_ = all_stored_ && answers.has_value() && (*answers)[i].front() == Disposition::kStored;
        ++*batch[i].answered;
      }
      changed_.notify_all();
      answered_ += batch.size();
    }
    return all_stored_;
  }

 private:
  struct Waiting {
    AcceptedEvent event;
    std::size_t* answered;
  };
  Spool& spool_;
  std::size_t most_in_flight_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::size_t answered_ = 0;  ///< These two: only for the committing thread.
  bool all_stored_ = true;
};

class SpoolGroupCommit : public testing::SpoolTest {
 protected:
  SpoolGroupCommit() { open(); }

  /// What a courier does, without a store: the leaves it got, in order, until `count` of them.
  std::vector<std::uint64_t> carry(StoreId store, std::size_t count) {
    std::vector<std::uint64_t> had;
    while (had.size() < count) {
      const auto versions = spool().read(spool().cursor(store), 100, 1U << 20U);
      for (const Version& version : *versions) {
        had.push_back(version.leaf_index);
      }
      EXPECT_TRUE(versions->empty() || spool().move_cursor(store, had.back()).ok());
    }
    return had;
  }
};

TEST_F(SpoolGroupCommit, EightSendersWithSixtyFourInFlightShareSyncs) {
  constexpr std::size_t kSenders = 8;
  constexpr std::size_t kEach = 2000;
  SmallFrontDoor door(spool(), 64);
  const std::uint64_t before = spool().stats().syncs;
  std::vector<std::jthread> senders;
  for (std::size_t i = 0; i < kSenders; ++i) {
    senders.emplace_back([&door, i] { door.send("sender" + std::to_string(i) + "-", kEach); });
  }
  EXPECT_TRUE(door.commit_until(kSenders * kEach));
  senders.clear();
  const std::uint64_t syncs = spool().stats().syncs - before;
  RecordProperty("events_per_sync", static_cast<int>(kSenders * kEach / syncs));
  EXPECT_GE(kSenders * kEach, 10 * syncs);
}

TEST_F(SpoolGroupCommit, ALoneSenderHasASyncOfItsOwnForEachEvent) {
  SmallFrontDoor door(spool(), 1);
  const std::uint64_t before = spool().stats().syncs;
  std::jthread sender([&door] { door.send("lone", 50); });
  EXPECT_TRUE(door.commit_until(50));
  EXPECT_EQ(spool().stats().syncs - before, 50U);
}

TEST_F(SpoolGroupCommit, CouriersReadAndMoveWhileEventsAreTaken) {
  constexpr std::size_t kEvents = 5000;
  settings_.keep_delivered = std::chrono::milliseconds{0};
  open();
  SmallFrontDoor door(spool(), 64);
  std::jthread sender([&door] { door.send("e", kEvents); });
  std::array<std::vector<std::uint64_t>, kStores> had;
  std::vector<std::jthread> couriers;
  for (std::size_t i = 0; i < kStores; ++i) {
    couriers.emplace_back([this, i, &had] { had[i] = carry(static_cast<StoreId>(i), kEvents); });
  }
  for (std::size_t part = 1; part <= 5; ++part) {
    EXPECT_TRUE(door.commit_until(part * kEvents / 5));
    EXPECT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  }
  couriers.clear();
  std::vector<std::uint64_t> all(kEvents);
  std::iota(all.begin(), all.end(), 1U);
  EXPECT_EQ(had[0], all);
  EXPECT_EQ(had[1], all);
}

}  // namespace
}  // namespace twinlog
