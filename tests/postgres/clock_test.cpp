// The offset to the server's clock, asked with the position.
#include "tests/postgres/rig.h"
#include "tests/support/shifted_clock.h"

namespace twinlog {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

/// What connecting measures; again where this machine was too slow for a measurement.
microseconds measured(Store& store) {
  while (true) {
    const auto connected = store.connect({});
    if (const StoreError* error = connected.ok() ? nullptr : &connected.error()) {
      ADD_FAILURE() << error->words;
      return microseconds{0};
    }
    if (const auto offset = store.clock_offset()) {
      return *offset;
    }
  }
}

TEST(PostgresClock, TheOffsetIsTheServersClockMinusOursWithAndWithoutAPosition) {
  const testing::Database database;
  database.migrate();
  for (const seconds ahead : {seconds{0}, seconds{7}, seconds{-3600}}) {
    const testing::ShiftedClock clock(ahead);
    testing::TestAgent agent(database, "agent", "postgres", clock);
    EXPECT_LE(std::chrono::abs(measured(agent.store()) + ahead), kLongestClockQuestion / 2);
    agent.deliver({testing::event("login_success", "id-" + std::to_string(ahead.count()))});
    EXPECT_LE(std::chrono::abs(measured(agent.store()) + ahead), kLongestClockQuestion / 2);
  }
}

}  // namespace
}  // namespace twinlog
