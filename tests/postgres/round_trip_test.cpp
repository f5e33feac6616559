#include <map>
#include <random>

#include "ledger/record/canonical.h"
#include "tests/postgres/rig.h"
#include "tests/support/random_event.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::TestAgent;

constexpr std::uint64_t kSeed = 20260105;
constexpr std::size_t kRecords = 400;

TEST(PostgresRoundTrip, ReadingBackGivesTheSameCanonicalBytesAndHash) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  const Database database;
  TestAgent agent(database);
  std::vector<Version> versions;
  for (std::size_t i = 0; i < kRecords; ++i) {
    versions.push_back(testing::random_version(random));
  }
  EXPECT_EQ(agent.flush(versions).inserted, kRecords);
  std::map<EventKey, StoredVersion> stored;
  for (StoredVersion& each : testing::records(database, testing::keys_of(versions))) {
    stored[{each.version.event.tenant_id, each.version.event.log_id}] = each;
  }
  for (const Version& version : versions) {
    const Version& read = stored.at({version.event.tenant_id, version.event.log_id}).version;
    EXPECT_EQ(canonical_content(read.event), canonical_content(version.event));
    EXPECT_EQ(hex(content_hash(canonical_content(read.event))), hex(read.content_hash));
    EXPECT_TRUE(read == version) << version.event.log_id;
  }
}

TEST(PostgresRoundTrip, ExtremeTimesAndNumbersSurvive) {
  const Database database;
  TestAgent agent(database);
  AuthEvent first = testing::event("login_failed", "first");
  first.occurred_at = -62'135'596'800'000'000;  // 0001-01-01T00:00:00Z
  first.account_locked_until = kLatestTime;
  first.failed_login_attempts = 2'147'483'647;
  first.metadata = R"({"big":9007199254740991,"huge":1.7976931348623157e+308,"tiny":5e-324,"x":{"":[[],{}]}})";
  const auto versions = agent.accept_all({first});
  agent.flush(versions);
  EXPECT_EQ(testing::records(database, testing::keys_of(versions)).at(0).version, versions[0]);
}

TEST(PostgresRoundTrip, KeysThatAreNotThereAreLeftOut) {
  const Database database;
  TestAgent agent(database);
  agent.deliver({testing::event("logout", "a")});
  EXPECT_EQ(testing::records(database, {{"acme", "a"}, {"acme", "b"}, {"other", "a"}}).size(), 1U);
  EXPECT_TRUE(testing::conflicts(database, {{"acme", "a"}}).empty());
  EXPECT_FALSE(testing::account(database, {"acme", "id:u"}).has_value());
}

}  // namespace
}  // namespace twinlog
