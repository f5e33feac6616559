// Failure-modes.md 24: what comes back from the store has the same canonical bytes as what went in.
#include <gtest/gtest.h>

#include <map>

#include "ledger/record/canonical.h"
#include "tests/mongodb/rig.h"
#include "tests/support/random_event.h"

namespace twinlog {
namespace {

using testing::RandomEventOptions;
using testing::read_records;
using testing::report_of;
using testing::TestAgent;

void expect_same_content(std::uint16_t port, const RandomEventOptions& options, int count) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const StoreSettings settings = testing::settings_for(port, testing::fresh_database());
  TestAgent agent(settings, 1);
  std::vector<Version> drawn;
  drawn.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    drawn.push_back(testing::random_version(random, options));
  }
  const std::vector<Version> versions = agent.accept(std::move(drawn));
  EXPECT_EQ(report_of(agent.flush(versions)).inserted, versions.size());
  std::map<EventKey, Version> stored;
  for (StoredVersion& record : read_records(settings, testing::keys_of(versions))) {
    stored.emplace(EventKey{record.version.event.tenant_id, record.version.event.log_id}, record.version);
  }
  ASSERT_EQ(stored.size(), versions.size());
  for (const Version& version : versions) {
    const Version& found = stored.at({version.event.tenant_id, version.event.log_id});
    EXPECT_EQ(canonical_content(found.event), canonical_content(version.event));
    EXPECT_EQ(content_hash(canonical_content(found.event)), found.content_hash);
    EXPECT_EQ(found, version);
  }
}

TEST(MongodbContent, ComesBackWithTheSameBytesFromMongoJavaServerWithEverything) {
  expect_same_content(testing::java_server_port(), {}, 400);
}

// FerretDB 1.24 refuses arrays directly inside arrays, so here they are left out; everything else is there.
TEST(MongodbContent, ComesBackWithTheSameBytesFromFerretDbWithoutNestedArrays) {
  expect_same_content(testing::ferretdb_port(), {.allow_nested_arrays = false, .tenants = {}, .accounts = {}}, 150);
}

TEST(MongodbContent, OfMetadataSurvivesKeysThatMeanSomethingToServers) {
  const StoreSettings settings = testing::settings_for(testing::java_server_port(), testing::fresh_database());
  TestAgent agent(settings, 1);
  std::mt19937_64 random(1);
  Version version = testing::random_version(random);
  version.event.metadata =
      R"({"":1,"$date":"x","$oid":{"$numberDecimal":"y"},"%":[],"_id":{},"a.b":-9007199254740992,"list":[1.5,null,true]})";
  version.content_hash = content_hash(canonical_content(version.event));
  const auto versions = agent.accept({version});
  report_of(agent.flush(versions));
  const auto records = read_records(settings, testing::keys_of(versions));
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].version.event.metadata, version.event.metadata);
}

TEST(MongodbContent, OfTheFirstAndTheLastYearIsKeptToTheMicrosecond) {
  const StoreSettings settings = testing::settings_for(testing::java_server_port(), testing::fresh_database());
  TestAgent agent(settings, 1);
  std::mt19937_64 random(2);
  std::vector<Version> drawn;
  for (const UtcMicros time : {UtcMicros{-62'135'596'800'000'000}, UtcMicros{-1}, kLatestTime}) {
    drawn.push_back(testing::random_version(random));
    drawn.back().event.occurred_at = drawn.back().effective_at = time;
  }
  const auto versions = agent.accept(std::move(drawn));
  report_of(agent.flush(versions));
  for (const StoredVersion& record : read_records(settings, testing::keys_of(versions))) {
    EXPECT_NE(std::find(versions.begin(), versions.end(), record.version), versions.end());
  }
}

}  // namespace
}  // namespace twinlog
