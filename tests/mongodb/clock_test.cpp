// The offset to the server's clock, asked at every connect.
#include <gtest/gtest.h>

#include "plugins/mongodb/mongodb_store.h"
#include "tests/mongodb/rig.h"
#include "tests/support/shifted_clock.h"

namespace twinlog {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

/// What connecting measures; again where this machine was too slow for a measurement.
microseconds measured(Store& store) {
  while (true) {
    const auto connected = store.connect(testing::kNoEpochs);
    if (!connected) {
      ADD_FAILURE() << connected.error().words;
      return microseconds{0};
    }
    if (const auto offset = store.clock_offset()) {
      return *offset;
    }
  }
}

void expect_measured(std::uint16_t port) {
  const StoreSettings settings = testing::settings_for(port, testing::fresh_database());
  SystemRandom random;
  testing::NoWait pauses;
  for (const seconds ahead : {seconds{0}, seconds{7}, seconds{-3600}}) {
    const testing::ShiftedClock clock(ahead);
    const auto store = make_mongodb_store({.store = settings, .agent = "a"}, clock, random, pauses);
    EXPECT_LE(std::chrono::abs(measured(*store) + ahead), kLongestClockQuestion / 2);
    EXPECT_LE(std::chrono::abs(measured(*store) + ahead), kLongestClockQuestion / 2);  // Asked on a living connection.
  }
}

TEST(MongodbClock, TheOffsetIsTheServersClockMinusOurs) {
  expect_measured(testing::java_server_port());
}

TEST(MongodbClock, FerretdbTellsItsTimeToo) {
  expect_measured(testing::ferretdb_port());
}

}  // namespace
}  // namespace twinlog
