// The page: always 200, valid JSON with every member, also before anything runs.
#include <rapidjson/document.h>

#include "agent/observe/pages.h"
#include "tests/observe/well_facts.h"
#include "tests/support/simulation.h"

namespace twinlog::testing {
namespace {

using std::chrono::seconds;

rapidjson::Document parsed(const std::string& text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(text.c_str());
  EXPECT_FALSE(document.HasParseError()) << text;
  return document;
}

rapidjson::Document page_of(const HealthFacts& facts) {
  return parsed(health_json(facts, judge_health(facts)));
}

void expect_members(const rapidjson::Value& object, std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    EXPECT_TRUE(object.HasMember(name)) << name;
  }
  EXPECT_EQ(object.MemberCount(), names.size());
}

void expect_every_member(const rapidjson::Value& page) {
  expect_members(page, {"state", "summary", "agent", "version", "phase", "started_at", "now", "components", "stores",
                        "spool", "ledger", "intake", "warnings"});
  expect_members(page["intake"], {"rejected", "requests", "peers_refused"});
  for (const auto& component : page["components"].GetArray()) {
    expect_members(component, {"name", "state", "impact", "diagnosis", "action"});
  }
  ASSERT_EQ(page["stores"].Size(), 2U);
  for (const auto& store : page["stores"].GetArray()) {
    expect_members(store, {"name", "enabled", "connected", "connected_since", "backlog_events", "backlog_bytes",
                           "oldest_unsent_age_seconds", "last_error", "next_try_in_seconds", "delivered", "conflicts",
                           "rewinds", "position_ahead", "incomplete_since", "clock_offset_seconds", "dead_letters",
                           "dead_letters_bytes", "dead_letters_accounts", "dead_letters_since"});
  }
  expect_members(page["spool"],
                 {"path", "epoch_id", "volume", "size_bytes", "max_bytes", "limit_bytes", "volume_free_bytes",
                  "records", "waiting", "lost_events", "acknowledged_lost_events", "damaged_copies", "damaged_bytes",
                  "dead_letters_max_bytes", "full", "only_base_types", "writable", "ballast", "full_in_seconds"});
}

TEST(HealthPage, NoMemberIsMissingWhateverTheState) {
  HealthFacts facts = well_facts();
  expect_every_member(page_of(facts));
  facts.is_volume_ephemeral = true;
  let_fail(postgres_of(facts), error_of(Reaction::kHold, "28P01", "no"));
  expect_every_member(page_of(facts));
  facts.phase = Phase::kStarting;
  expect_every_member(page_of(facts));
}

TEST(HealthPage, ItIs200AndJsonBeforeAnythingRuns) {
  VirtualClock clock;
  Observed observed(clock);
  observed.known = well_facts().known;
  Pages pages(observed);
  const AdminPage page = pages.page("/healthz");
  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(page.content_type, "application/json");
  const rapidjson::Document document = parsed(page.body);
  expect_every_member(document);
  EXPECT_STREQ(document["phase"].GetString(), "starting");
  EXPECT_STREQ(document["state"].GetString(), "failing");
  EXPECT_STREQ(document["stores"][0]["name"].GetString(), "postgres");
  EXPECT_TRUE(document["stores"][0]["enabled"].GetBool());
}

TEST(HealthPage, ThePhaseIsDrainingFromTheRequestUntilTheStop) {
  HealthFacts facts = well_facts();
  EXPECT_STREQ(page_of(facts)["phase"].GetString(), "running");
  for (StoreFacts& store : facts.stores) {
    store.courier.is_draining = true;
  }
  EXPECT_STREQ(page_of(facts)["phase"].GetString(), "draining");
  EXPECT_STREQ(page_of(facts)["state"].GetString(), "ok");
  facts.phase = Phase::kStopping;
  EXPECT_STREQ(page_of(facts)["phase"].GetString(), "stopping");
}

TEST(HealthPage, TheNumbersOfAStoreAreThoseOfItsCourierAndItsBacklog) {
  HealthFacts facts = well_facts();
  let_fail(mongodb_of(facts), {.reaction = Reaction::kReconnect, .code = "91", .constraint = "c", .words = "w"}, 9);
  let_wait(mongodb_of(facts), 12, seconds{7});
  mongodb_of(facts).courier.next_try_at = facts.steady_now + seconds{3};
  mongodb_of(facts).courier.conflicts = 4;
  const rapidjson::Document page = page_of(facts);
  const rapidjson::Value& store = page["stores"][1];
  EXPECT_FALSE(store["connected"].GetBool());
  EXPECT_TRUE(store["connected_since"].IsNull());
  EXPECT_EQ(store["backlog_events"].GetUint64(), 12U);
  EXPECT_EQ(store["backlog_bytes"].GetUint64(), 1200U);
  EXPECT_EQ(store["oldest_unsent_age_seconds"].GetDouble(), 7.0);
  EXPECT_EQ(store["next_try_in_seconds"].GetDouble(), 3.0);
  EXPECT_EQ(store["conflicts"].GetUint64(), 4U);
  EXPECT_EQ(store["clock_offset_seconds"].GetDouble(), 0.003);
  const rapidjson::Value& error = store["last_error"];
  expect_members(error, {"class", "code", "constraint", "words", "count", "first_at", "last_at"});
  EXPECT_STREQ(error["class"].GetString(), "reconnect");
  EXPECT_EQ(error["count"].GetUint64(), 9U);
  EXPECT_STREQ(error["first_at"].GetString(), "2026-09-21T14:11:50Z");
}

TEST(HealthPage, NothingInAValueCanBreakThePageOrATerminal) {
  HealthFacts facts = well_facts();
  facts.known.agent = "a\"\\\n\x1b[31m\xff\xc2\x9b\xe2\x80\xae";
  const std::string text = health_json(facts, judge_health(facts));
  EXPECT_EQ(text.find_first_of("\x1b\xff\xc2\xe2"), std::string::npos);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_STREQ(parsed(text)["agent"].GetString(), "a\"\\\n\x1b[31m\xef\xbf\xbd\xc2\x9b\xe2\x80\xae");
}

}  // namespace
}  // namespace twinlog::testing
