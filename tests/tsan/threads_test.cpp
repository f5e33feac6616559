// Our own thread loops, with nothing between them but what ships: worker, wake-up, front door, courier.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "agent/main/worker.h"
#include "tests/pipeline/rig.h"

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;

/// A front door of its own on the rig's spool, stepped by a real worker.
class ThreadedDoor {
 public:
  explicit ThreadedDoor(Rig& rig)
      : door_(reader_settings(rig),
              {.spool = *rig.spool, .clock = rig.clock, .log = rig.log, .wait = wakeup_, .on_accepted = [] {}}),
        worker_("test", wakeup_, [this] { return door_.step() ? 0ms : 1000ms; }) {
    worker_.start();
  }

  Disposition send(const std::string& log_id) {
    const std::string json = R"({"event_type":"logout","occurred_at":1790000000000,"log_id":")" + log_id + "\"}";
    EventReader::RequestContext request;
    Submission submission;
    submission.events.push_back(std::get<AcceptedEvent>(door_.reader().read_event(json, request)));
    std::promise<Disposition> answer;
    submission.done = [&answer](std::vector<Disposition> dispositions) { answer.set_value(dispositions.at(0)); };
    door_.submit(std::move(submission));
    return answer.get_future().get();
  }

 private:
  static EventReaderSettings reader_settings(Rig& rig) {
    EventReaderSettings settings;
    settings.default_tenant = "acme";
    settings.log_id_key = rig.spool->identity().log_id_key;
    settings.random = &rig.random;
    return settings;
  }

  Wakeup wakeup_;
  FrontDoor door_;
  Worker worker_;
};

TEST(Worker, StepsUntilItIsStoppedAndCanBeStoppedTwice) {
  Wakeup wakeup;
  std::atomic<int> steps{0};
  Worker worker("test", wakeup, [&steps] {
    ++steps;
    return 1h;
  });
  worker.start();
  while (steps.load() == 0) {
    std::this_thread::yield();
  }
  worker.stop();
  worker.stop();
  EXPECT_TRUE(worker.has_ended());
  EXPECT_GE(steps.load(), 1);
}

// Failure mode 16: the last event sits until the next one comes.
TEST(Wakeup, AWakeUpBetweenTheLookAndTheSleepIsNotLost) {
  Wakeup wakeup;
  std::atomic<int> produced{0};
  std::atomic<int> seen{0};
  Worker consumer("test", wakeup, [&] {
    seen.store(produced.load());
    return 1h;
  });
  consumer.start();
  for (int i = 1; i <= 5000; ++i) {
    produced.store(i);
    wakeup.wake();
    while (seen.load() != i) {
      std::this_thread::yield();
    }
  }
  consumer.stop();
  EXPECT_EQ(seen.load(), 5000);
}

TEST(Threads, SendersFrontDoorAndCouriersShareNothingUnguarded) {
  constexpr int kSenders = 4;
  constexpr int kEach = 50;
  Rig rig;
  Wakeup wakeup;
  Worker postgres("test", wakeup, [&rig] { return rig.to_postgres->step(); });
  Wakeup other_wakeup;
  Worker mongodb("test", other_wakeup, [&rig] { return rig.to_mongodb->step(); });
  ThreadedDoor door(rig);
  postgres.start();
  mongodb.start();
  std::vector<std::jthread> senders;
  senders.reserve(kSenders);
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&door, sender] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_EQ(door.send(std::to_string(sender) + "-" + std::to_string(i)), Disposition::kStored);
      }
    });
  }
  senders.clear();
  rig.to_postgres->drain({});
  rig.to_mongodb->drain({});
  while (rig.to_postgres->backlog() + rig.to_mongodb->backlog() > 0) {
    wakeup.wake();
    other_wakeup.wake();
    std::this_thread::yield();
  }
  postgres.stop();
  mongodb.stop();
  EXPECT_EQ(rig.postgres.log_ids().size(), kSenders * kEach);
  EXPECT_EQ(rig.mongodb.log_ids().size(), kSenders * kEach);
}

}  // namespace
}  // namespace twinlog::testing
