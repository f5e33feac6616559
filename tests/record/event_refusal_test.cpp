// What the reader refuses (docs/EVENTS.md), and that it refuses nothing else.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <variant>

#include "ledger/record/event_reader.h"
#include "tests/record/read_support.h"

namespace twinlog {
namespace {

using testing::event_with;
using testing::refusal;

std::string refused_field(std::string_view json) {
  const std::string words = refusal(json);
  return words.substr(0, words.find(':'));
}

std::string event_of(std::string_view tenant, std::string_view log_id, std::string_view type, std::string_view time) {
  return "{\"tenant_id\":" + std::string(tenant) + ",\"log_id\":" + std::string(log_id) +
         ",\"event_type\":" + std::string(type) + ",\"occurred_at\":" + std::string(time) + "}";
}

TEST(Refusal, OfWhatIsNoObject) {
  for (const std::string_view json : {"", " ", "x", "{", "[]", "[{}]", "null", "1", "\"{}\"", "{} {}", "{\"a\":1,}"}) {
    EXPECT_EQ(refusal(json), ": not a JSON object") << json;
  }
}

// "field/cause" as metrics count a refusal.
std::string counted(std::string_view json) {
  const ReadOutcome outcome = testing::read(json);
  const auto* rejection = std::get_if<Rejection>(&outcome);
  return rejection == nullptr ? "taken"
                              : std::string(rejected_field_text(rejection->counted_field())) + "/" +
                                    std::string(rejection_cause_text(rejection->cause));
}

TEST(Refusal, IsCountedByAFieldAndACauseOfFixedLists) {
  const std::map<std::string, std::string> expected = {
      {"{", "event/not_json"},
      {"[]", "event/not_an_object"},
      {std::string(std::size_t{2} << 20U, ' '), "event/too_long"},
      {event_with(R"("tenant_id":"t")"), "tenant_id/repeated"},
      {event_with(R"("organization_id":"o","organization_id":"o")"), "organisation_id/repeated"},
      {event_with(R"("username":"u","username":"u")"), "other/repeated"},
      {event_with(R"("event":1,"event":1)"), "other/repeated"},
      {event_with(R"("schema_version":2)"), "schema_version/unsupported"},
      {event_with(R"("organization_id":"o o")"), "organisation_id/invalid"},
      {event_of("null", "\"l\"", "\"logout\"", "0"), "tenant_id/missing"},
      {event_of("\"t t\"", "\"l\"", "\"logout\"", "0"), "tenant_id/invalid"},
      {event_of("\"t\"", "1", "\"logout\"", "0"), "log_id/invalid"},
      {event_of("\"t\"", "\"l\"", "null", "0"), "event_type/missing"},
      {event_of("\"t\"", "\"l\"", "\"Logout\"", "0"), "event_type/invalid"},
      {event_of("\"t\"", "\"l\"", "\"logout\"", "null"), "occurred_at/missing"},
      {event_of("\"t\"", "\"l\"", "\"logout\"", "\"now\""), "occurred_at/invalid"},
  };
  for (const auto& [json, label] : expected) {
    EXPECT_EQ(counted(json), label) << json.substr(0, 200);
  }
}

TEST(Refusal, OfATenantThatIsNotAllowedSaysSoInTheCount) {
  EventReaderSettings settings = testing::test_settings();
  settings.allow_tenants = {"other"};
  EventReader::RequestContext request;
  const ReadOutcome outcome = EventReader(settings).read_event(event_with(""), request);
  EXPECT_EQ(std::get<Rejection>(outcome).cause, RejectionCause::kNotAllowed);
}

TEST(Refusal, OfMoreThanTheLimit) {
  EventReaderSettings settings = testing::test_settings();
  settings.max_event = 200;
  const EventReader reader(settings);
  const std::string json = event_with("");
  EventReader::RequestContext request;
  const std::string fits = json + std::string(200 - json.size(), ' ');
  EXPECT_TRUE(std::holds_alternative<AcceptedEvent>(reader.read_event(fits, request)));
  const ReadOutcome over = reader.read_event(fits + " ", request);
  ASSERT_TRUE(std::holds_alternative<Rejection>(over));
  EXPECT_EQ(std::get<Rejection>(over).field, "");
}

TEST(Refusal, OfARepeatedMember) {
  EXPECT_EQ(refusal(event_with(R"("username":"a","username":"a")")), "username: this member comes more than once");
  EXPECT_EQ(refused_field(event_with(R"("username":null,"username":"a")")), "username");
  EXPECT_EQ(refused_field(event_with(R"("other":1,"other":1)")), "other");
  EXPECT_EQ(refused_field(event_with(R"("x":null,"x":null)")), "x");
  EXPECT_EQ(refused_field(event_with(R"("tenant_id":"t")")), "tenant_id");
  EXPECT_EQ(refused_field(event_with(R"("user\u005fid":"a","user_id":"b")")), "user_id");
}

TEST(Refusal, OfSeveralRepeatedMembersNamesTheFirstByName) {
  EXPECT_EQ(refused_field(event_with(R"("z":1,"z":2,"b":1,"b":2,"username":1,"username":1)")), "b");
  EXPECT_EQ(refused_field(event_with(R"("b":1,"username":1,"z":1,"b":2,"username":1,"z":2)")), "b");
}

TEST(Refusal, NamesAnUnknownMemberInABoundedAndHarmlessForm) {
  const std::string name(100, 'n');
  EXPECT_EQ(refused_field(event_with("\"" + name + "\":1,\"" + name + "\":2")), name.substr(0, 64));
  EXPECT_EQ(refused_field(event_with("\"a\x01\":1,\"a\x02\":2")), "a\xEF\xBF\xBD");
  EXPECT_EQ(refused_field(event_with(R"("ghp_0123456789abcdef":1,"ghp_0123456789abcdef":2)")), "[redacted");
}

TEST(Refusal, OfRequiredMembersThatAreMissing) {
  for (const std::string_view absent : {"null", "\"\""}) {
    EXPECT_EQ(refused_field(event_of(absent, "\"l\"", "\"a\"", "0")), "tenant_id");
    EXPECT_EQ(refused_field(event_of("\"t\"", "\"l\"", absent, "0")), "event_type");
    EXPECT_EQ(refused_field(event_of("\"t\"", "\"l\"", "\"a\"", absent)), "occurred_at");
  }
  EXPECT_EQ(refused_field("{}"), "tenant_id");
}

TEST(Refusal, OfIdsThatAreInvalid) {
  const std::string longest(128, 'x');
  EXPECT_EQ(refusal(event_of("\"" + longest + "\"", "\"A.z_0:~-\"", "\"a\"", "0")), "taken");
  for (const std::string& bad :
       {"\"" + longest + "x\"", std::string("\"a b\""), std::string("\"a/b\""), std::string("\"\u00e9\""),
        std::string("\"a\\u0000\""), std::string("\"\xff\""), std::string("1"), std::string("true"), std::string("[]"),
        std::string("{}"), std::string("\"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.x\"")}) {
    EXPECT_EQ(refused_field(event_of(bad, "\"l\"", "\"a\"", "0")), "tenant_id") << bad;
    EXPECT_EQ(refused_field(event_of("\"t\"", bad, "\"a\"", "0")), "log_id") << bad;
    EXPECT_EQ(refused_field(event_with("\"organisation_id\":" + bad)), "organisation_id") << bad;
    EXPECT_EQ(refused_field(event_with("\"organization_id\":" + bad)), "organisation_id") << bad;
  }
}

TEST(Refusal, IsNotForIdsThatOnlyANameBeforeAColonWouldMakeASecret) {
  for (const std::string good :
       {"\"token:8f1c0b52-77aa-4e0e-9d2c\"", "\"nonce:7f3a\"", "\"sid:0123456789abcdef0123\""}) {
    EXPECT_EQ(refusal(event_of("\"t\"", good, "\"a\"", "0")), "taken") << good;
  }
  const std::string token = "\"token:eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.x\"";
  EXPECT_EQ(refused_field(event_of("\"t\"", token, "\"a\"", "0")), "log_id");
  EXPECT_EQ(refused_field(event_of("\"t\"", "\"a:ghp_0123456789abcdefABCDEF0123456789abcd\"", "\"a\"", "0")), "log_id");
}

TEST(Refusal, OfEventTypesThatAreInvalid) {
  for (const std::string& good : {std::string("a"), std::string("a_9.b"), std::string(64, 'a')}) {
    EXPECT_EQ(refusal(event_of("\"t\"", "\"l\"", "\"" + good + "\"", "0")), "taken") << good;
  }
  for (const std::string& bad :
       {std::string("\"A\""), std::string("\"9\""), std::string("\"_a\""), std::string("\"a-b\""), std::string("1"),
        "\"" + std::string(65, 'a') + "\"", std::string("\"a\\n\"")}) {
    EXPECT_EQ(refused_field(event_of("\"t\"", "\"l\"", bad, "0")), "event_type") << bad;
  }
}

TEST(Refusal, OfTimesThatAreInvalid) {
  for (const std::string_view bad :
       {"\"yesterday\"", "\"2024-01-01T00:00:00\"", "1700000000000.5", "true", "{}", "253402300800000",
        "-62135596800001", "1e400", "\"9999-12-31T23:59:59-00:01\"", "\"1700000000000\""}) {
    EXPECT_EQ(refused_field(event_of("\"t\"", "\"l\"", "\"a\"", bad)), "occurred_at") << bad;
  }
}

TEST(Refusal, OfAnotherSchemaVersion) {
  for (const std::string_view good : {"1", "1.0", "1e0", "null"}) {
    EXPECT_EQ(refusal(event_with("\"schema_version\":" + std::string(good))), "taken") << good;
  }
  for (const std::string_view bad : {"2", "0", "\"1\"", "true", "\"\"", "[]", "1.5", "1e400"}) {
    EXPECT_EQ(refused_field(event_with("\"schema_version\":" + std::string(bad))), "schema_version") << bad;
  }
}

TEST(Refusal, OfTenantsThatAreNotAllowed) {
  EventReaderSettings settings = testing::test_settings();
  settings.default_tenant = "b";
  settings.allow_tenants = {"a", "b"};
  const EventReader reader(settings);
  EventReader::RequestContext request;
  const auto tenant_of = [&](std::string_view tenant) {
    const ReadOutcome outcome = reader.read_event(event_of(tenant, "\"l\"", "\"a\"", "0"), request);
    const auto* accepted = std::get_if<AcceptedEvent>(&outcome);
    return accepted == nullptr ? "refused: " + std::get<Rejection>(outcome).field : accepted->event.tenant_id;
  };
  EXPECT_EQ(tenant_of("\"a\""), "a");
  EXPECT_EQ(tenant_of("null"), "b");
  EXPECT_EQ(tenant_of("\"c\""), "refused: tenant_id");
}

TEST(Refusal, NeverQuotesTheInput) {
  const std::string secret = "s3cr3t value";
  for (const std::string& json :
       {event_of("\"" + secret + "\"", "\"l\"", "\"a\"", "0"), event_of("\"t\"", "\"" + secret + "\"", "\"a\"", "0"),
        event_of("\"t\"", "\"l\"", "\"" + secret + "\"", "0"),
        event_of("\"t\"", "\"l\"", "\"a\"", "\"" + secret + "\""), event_with("\"schema_version\":\"" + secret + "\""),
        "\"" + secret + "\""}) {
    const std::string words = refusal(json);
    EXPECT_NE(words, "taken");
    EXPECT_EQ(words.find("s3cr3t"), std::string::npos) << words;
  }
}

}  // namespace
}  // namespace twinlog
