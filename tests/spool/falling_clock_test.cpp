// received_at never falls within a spool: not over commits, starts, power losses, trimming and damage, whatever the
// clock does meanwhile.
#include <gmock/gmock.h>
#include <rocksdb/write_batch.h>

#include <filesystem>

#include "spool/layout.h"
#include "tests/spool/disk_life.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

class SpoolFallingClock : public FaultySpoolTest {
 protected:
  static constexpr UtcMicros kHour = 3'600'000'000;

  /// The clock is behind what it said the last time.
  void offer_an_hour_earlier() {
    now_ -= kHour;
    const std::vector<AcceptedEvent> events = make_events("e" + std::to_string(now_) + "-", 3, {.filler_bytes = 700});
    const CommitRequest request{.events = events};
    const auto answers = spool().commit({&request, 1}, now_);
    ASSERT_TRUE(answers.has_value()) << answers.error().message();
    ASSERT_THAT(answers->front(), ::testing::Each(Disposition::kStored));
    const Version newest = spool().read(spool().last_leaf() - 1, 1, 1)->front();
    EXPECT_GE(newest.received_at, kReceivedAt - kHour) << "leaf " << newest.leaf_index;
  }
  void start_with(const std::function<void()>& meanwhile) {
    offer_an_hour_earlier();
    offer_an_hour_earlier();
    ASSERT_TRUE(maintain_after(seconds{1}).ok());
    close();
    meanwhile();
    open();
    offer_an_hour_earlier();
    offer_an_hour_earlier();
  }
  void remove_all(const std::string& ending) const {
    for (const auto& file : fs::directory_iterator(settings_.path)) {
      if (file.path().string().ends_with(ending)) {
        fs::remove(file.path());
      }
    }
  }
  UtcMicros now_ = kReceivedAt;
};

TEST_F(SpoolFallingClock, OverStartsAndAPowerLoss) {
  open();
  start_with([] {});
  start_with([this] { disk_.files->crash(); });
}

TEST_F(SpoolFallingClock, WhenNothingIsLeftToTellIt) {
  settings_.keep_delivered = std::chrono::milliseconds(0);
  open();
  offer_an_hour_earlier();
  deliver_all();
  settle();
  ASSERT_EQ(spool().stats().first_kept_leaf, 4U);
  start_with([] {});
}

TEST_F(SpoolFallingClock, WhenItIsPutTogetherAnew) {
  open();
  start_with([this] { damage_manifest(settings_.path); });
}

TEST_F(SpoolFallingClock, WhenTheLogWithAllEventsIsGone) {
  open();
  start_with([this] { remove_all(".log"); });
  EXPECT_FALSE(spool().stats().losses.empty());
}

TEST_F(SpoolFallingClock, WhenTheNewestEventCannotBeRead) {
  open();
  start_with([this] {
    with_database([](rocksdb::DB& database, const Families& families) {
      const rocksdb::Status damaged = database.Put(rocksdb::WriteOptions(), families.at(std::string(kEventsFamily)),
                                                   event_key(6), "this is no event");
      ASSERT_TRUE(damaged.ok());
    });
  });
}

TEST_F(SpoolFallingClock, WhenTheNewestEventCannotBeReadAndNobodyNotedThePromise) {
  open();
  start_with([this] {
    remove_all("promised");
    with_database([](rocksdb::DB& database, const Families& families) {
      const rocksdb::Status damaged = database.Put(rocksdb::WriteOptions(), families.at(std::string(kEventsFamily)),
                                                   event_key(6), "this is no event");
      ASSERT_TRUE(damaged.ok());
    });
  });
}

}  // namespace
}  // namespace twinlog::testing
