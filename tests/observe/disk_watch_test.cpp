#include "agent/observe/disk_watch.h"

#include <semaphore>
#include <thread>

#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using testing::make_event;

/// A fake: ways in whose folder lies on a disk that does not answer while `hangs_`. No real disk here can be made to
/// hang for one look.
class IntakeOnAHungDisk final : public IntakeServer {
 public:
  void ask_to_stop(std::chrono::milliseconds /*grace*/) override {}
  bool has_stopped() const override { return false; }
  void stop(std::chrono::milliseconds /*grace*/) override {}
  void set_allowed_peers(std::vector<std::uint32_t> /*uids*/, std::vector<std::uint32_t> /*gids*/) override {}
  std::chrono::steady_clock::time_point last_tick() const override { return {}; }
  std::string http_address() const override { return ""; }
  std::string address(Transport /*transport*/) const override { return ""; }
  std::string token_trouble() const override { return ""; }
  bool is_full(Transport /*transport*/) const override { return false; }
  std::vector<std::string> open_folders() const override { return {}; }
  bool can_be_found(Transport transport) const override {
    if (hangs_ && transport == Transport::kUnix) {
      reached_.release();
      answered_.acquire();
    }
    return true;
  }

  std::atomic<bool> hangs_{false};
  mutable std::binary_semaphore reached_{0};
  mutable std::binary_semaphore answered_{0};
};

class DiskWatching : public testing::SpoolTest {
 protected:
  DiskWatching() {
    open();
    watch_ = std::make_unique<DiskWatch>(DiskWatch::Parts{
        .spool = spool(), .intake = intake_, .stores = {StoreId::kPostgres}, .clock = system_, .wait = wait_});
  }

  IntakeOnAHungDisk intake_;
  SystemClock system_;
  Wakeup wait_;
  std::unique_ptr<DiskWatch> watch_;
};

TEST_F(DiskWatching, WhatHasJustHappenedIsInTheReadingOfWhoeverAsksNext) {
  std::jthread steps([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      wait_.wait_for(watch_->step());
    }
  });
  for (std::uint64_t i = 1; i <= 3; ++i) {
    offer_one(make_event("e" + std::to_string(i)));
    while (watch_->latest().last_leaf < i) {  // At most for as long as the share of the processor wants.
    }
    EXPECT_EQ(watch_->latest().backlogs[0].events, i);
    EXPECT_TRUE(watch_->latest().backlogs[0].oldest_received_at);
  }
  steps.request_stop();
  wait_.wake();
}

TEST_F(DiskWatching, ADiskThatDoesNotAnswerMakesOnePageWaitShortlyAndNoOther) {
  intake_.hangs_ = true;
  std::jthread step([this] { watch_->step(); });
  intake_.reached_.acquire();
  offer_one(make_event("new"));
  const DiskReading before = watch_->latest();
  EXPECT_EQ(before.last_leaf, 0U);
  const auto began = system_.steady_now();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(watch_->latest().at, before.at);
  }
  // A thousand waits would be 100 s; this is no measure of speed.
  EXPECT_LT(system_.steady_now() - began, 500 * DiskWatch::kPatience);
  intake_.hangs_ = false;
  intake_.answered_.release();
  step.join();
  EXPECT_GT(watch_->latest().at, before.at);
}

}  // namespace
}  // namespace twinlog
