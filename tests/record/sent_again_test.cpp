// A record that was exported for sending is the same record when it is read again.
#include "ledger/record/sent_again.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "ledger/base/bytes.h"
#include "ledger/record/version_json.h"
#include "tests/record/read_support.h"

namespace twinlog {
namespace {

using testing::event_with;

AcceptedEvent taken(std::string_view json) {
  return std::get<AcceptedEvent>(testing::read(json));
}

std::string exported(const AcceptedEvent& event) {
  Version version;
  version.event = event.event;
  version.content_hash = event.content_hash;
  std::string line;
  append_version_line(line, version, VersionMembers::kSendable);
  return line;
}

class Resent : public ::testing::TestWithParam<std::string> {};

TEST_P(Resent, IsTheSameContent) {
  const AcceptedEvent first = taken(event_with(GetParam()));
  EXPECT_EQ(taken(exported(first)).canonical, first.canonical) << exported(first);
}

INSTANTIATE_TEST_SUITE_P(
    Events, Resent,
    ::testing::Values(
        "", R"("username":"a\u0000b","channel":"fax","x":1)", R"("ip":"no address")", R"("ip":"no address\u0000")",
        "\"ip\":\"1.2.3.4" + std::string(300, ' ') + "x\"", "\"user_id\":\"" + std::string(200, 'u') + "\"",
        R"("metadata":{"a":[1e20,1.7e18,9007199254740994.0,-1e20,1e21,0.5,"1e20\\"]})",
        R"("metadata":{"n":100000000000000000000})", R"("account_locked_until":1700000000)",
        R"("account_locked_until":"infinity","lock_kind":"permanent")", R"("password":"x","metadata":{"password":"y"})",
        R"("session_id":"s-1","metadata":{"session_id":"s-2"})",
        "\"metadata\":{\"a\":\"" + std::string(9000, 'x') + "\"}", R"("user_agent":"Bearer abcdefgh12345678")",
        R"("repaired":["username"],"content_hash":"00","account":"id:x","remote_host":"h","agent":"a")"));

TEST(SentAgain, ATimeInSecondsIsTheSameContent) {
  const AcceptedEvent first =
      taken(R"({"tenant_id":"t","log_id":"l","event_type":"logout","occurred_at":1700000000.5})");
  EXPECT_EQ(first.event.repaired, std::vector<std::string>{"occurred_at"});
  EXPECT_EQ(taken(exported(first)).canonical, first.canonical);
}

std::string moved(std::string_view members) {
  return testing::stored(members);
}

TEST(SentAgain, AMemberOfTheAgentIsAnUnknownOneWhereTheHashIsNotThatOfTheContent) {
  EXPECT_EQ(moved(R"("repaired":["username"])"), R"({"metadata":{"repaired":["username"]},"repaired":["metadata"]})");
  const std::string hash(64, '0');
  EXPECT_EQ(moved("\"content_hash\":\"" + hash + "\",\"repaired\":[\"username\"]"),
            "{\"metadata\":{\"content_hash\":\"" + hash + R"(","repaired":["username"]},"repaired":["metadata"]})");
}

TEST(SentAgain, OnlyNamesOfFieldsGetIntoRepaired) {
  for (const std::string_view names : {R"(["evil text"])", R"(["username","channel"])", R"(["channel","channel"])",
                                       R"([1])", R"("channel")", "[]", R"([["channel"]])"}) {
    const std::string content =
        R"({"event_type":"login_failed","log_id":"l","occurred_at":1700000000000000,"repaired":)" + std::string(names) +
        R"(,"tenant_id":"t"})";
    const std::string line =
        event_with("\"repaired\":" + std::string(names) + ",\"content_hash\":\"" + hex(sha256(content)) + "\"");
    EXPECT_EQ(taken(line).event.repaired, std::vector<std::string>{"metadata"}) << names;
  }
}

TEST(SentAgain, NothingThatARepairWouldTakeOutIsLetIn) {
  const std::string_view content =
      R"({"event_type":"login_failed","log_id":"l","metadata":{"password":"hunter2"},"occurred_at":1700000000000000,)"
      R"("repaired":["channel"],"tenant_id":"t"})";
  const std::string line = event_with(R"("metadata":{"password":"hunter2"},"repaired":["channel"],"content_hash":")" +
                                      hex(sha256(content)) + "\"");
  EXPECT_EQ(taken(line).canonical.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace twinlog
