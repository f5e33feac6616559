// The fields of docs/EVENTS.md and their repair, each with the form that is stored.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "ledger/base/bytes.h"
#include "tests/record/read_support.h"

namespace twinlog {
namespace {

using testing::stored;

struct Form {
  std::string_view sent;
  std::string_view stored;
};

class StoredForm : public ::testing::TestWithParam<Form> {};
TEST_P(StoredForm, IsExact) {
  EXPECT_EQ(stored(GetParam().sent), GetParam().stored) << GetParam().sent;
}

INSTANTIATE_TEST_SUITE_P(
    Absent, StoredForm,
    ::testing::Values(Form{"", "{}"}, Form{R"("schema_version":1)", "{}"},
                      Form{R"("user_id":null,"metadata":null,"ip":null,"unknown":null,"lock_kind":null)", "{}"},
                      Form{R"("user_id":"","username":"","ip":"","channel":"","lock_kind":"","session_id":"")", "{}"},
                      Form{R"("account_locked_until":"","failed_login_attempts":"","metadata":"")", "{}"},
                      Form{R"("lock_kind":"none")", "{}"}));

INSTANTIATE_TEST_SUITE_P(
    Organisation, StoredForm,
    ::testing::Values(Form{R"("organisation_id":"o")", R"({"organisation_id":"o"})"},
                      Form{R"("organization_id":"o")", R"({"organisation_id":"o"})"},
                      Form{R"("organisation_id":null,"organization_id":"o")", R"({"organisation_id":"o"})"},
                      Form{R"("organization_id":"b","organisation_id":"a")",
                           R"({"metadata":{"organization_id":"b"},"organisation_id":"a","repaired":["metadata"]})"}));

INSTANTIATE_TEST_SUITE_P(
    Account, StoredForm,
    ::testing::Values(
        Form{R"("user_id":"U1","username":"Bob")", R"({"account":"id:U1","user_id":"U1","username":"Bob"})"},
        Form{R"("username":" Bob ")", R"({"account":"name:bob","username":" Bob "})"},
        Form{R"("username":"  ")", R"({"username":"  "})"},
        Form{R"("username":"STRASSE\u00df")", "{\"account\":\"name:strassess\",\"username\":\"STRASSE\u00df\"}"},
        Form{R"("username":"E\u0301\u3000")", "{\"account\":\"name:\u00e9\",\"username\":\"E\u0301\u3000\"}"}));

INSTANTIATE_TEST_SUITE_P(
    Mended, StoredForm,
    ::testing::Values(Form{"\"username\":\"a\xff\"",
                           "{\"account\":\"name:a\uFFFD\",\"repaired\":[\"username\"],\"username\":\"a\uFFFD\"}"},
                      Form{R"("user_agent":"a\u0000b\ud800")",
                           "{\"repaired\":[\"user_agent\"],\"user_agent\":\"a\uFFFDb\uFFFD\"}"},
                      Form{R"("user_agent":"a\tb")", "{\"repaired\":[\"user_agent\"],\"user_agent\":\"a\uFFFDb\"}"},
                      Form{R"("service":"\ud83d\ude00")", "{\"service\":\"\U0001F600\"}"},
                      Form{R"("metadata":{"a\u0001":["\u0002"]})",
                           "{\"metadata\":{\"a\uFFFD\":[\"\uFFFD\"]},\"repaired\":[\"metadata\"]}"},
                      Form{R"("ip":"a\u0001")", "{\"remote_host\":\"a\uFFFD\",\"repaired\":[\"remote_host\"]}"}));

INSTANTIATE_TEST_SUITE_P(
    WrongType, StoredForm,
    ::testing::Values(
        Form{R"("user_id":42)", R"({"metadata":{"user_id":42},"repaired":["metadata","user_id"]})"},
        Form{R"("username":{"a":"b"})", R"({"metadata":{"username":{"a":"b"}},"repaired":["metadata","username"]})"},
        Form{R"("ip":[1])", R"({"metadata":{"ip":[1]},"repaired":["ip","metadata"]})"},
        Form{R"("channel":"fax")", R"({"metadata":{"channel":"fax"},"repaired":["channel","metadata"]})"},
        Form{R"("channel":"Web")", R"({"metadata":{"channel":"Web"},"repaired":["channel","metadata"]})"},
        Form{R"("lock_kind":"forever")", R"({"metadata":{"lock_kind":"forever"},"repaired":["lock_kind","metadata"]})"},
        Form{R"("lock_kind":false)", R"({"metadata":{"lock_kind":false},"repaired":["lock_kind","metadata"]})"},
        Form{R"("metadata":"text")", R"({"metadata":{"metadata":"text"},"repaired":["metadata"]})"},
        Form{R"("metadata":[{"password":1234}])",
             R"({"metadata":{"metadata":[{"password":"[redacted:key]"}]},"repaired":["metadata"]})"},
        Form{R"("session_ref":1)", R"({"metadata":{"session_ref":1},"repaired":["metadata","session_ref"]})"},
        Form{R"("user_id":1e400)", R"({"metadata":{"user_id":"1e400"},"repaired":["metadata","user_id"]})"}));

INSTANTIATE_TEST_SUITE_P(
    Attempts, StoredForm,
    ::testing::Values(
        Form{R"("failed_login_attempts":0)", R"({"failed_login_attempts":0})"},
        Form{R"("failed_login_attempts":5.0)", R"({"failed_login_attempts":5})"},
        Form{R"("failed_login_attempts":-0)", R"({"failed_login_attempts":0})"},
        Form{R"("failed_login_attempts":2147483647)", R"({"failed_login_attempts":2147483647})"},
        Form{R"("failed_login_attempts":2147483648)",
             R"({"metadata":{"failed_login_attempts":2147483648},"repaired":["failed_login_attempts","metadata"]})"},
        Form{R"("failed_login_attempts":-1)",
             R"({"metadata":{"failed_login_attempts":-1},"repaired":["failed_login_attempts","metadata"]})"},
        Form{R"("failed_login_attempts":"3")",
             R"({"metadata":{"failed_login_attempts":"3"},"repaired":["failed_login_attempts","metadata"]})"},
        Form{R"("failed_login_attempts":1.5)",
             R"({"metadata":{"failed_login_attempts":1.5},"repaired":["failed_login_attempts","metadata"]})"}));

INSTANTIATE_TEST_SUITE_P(
    Lock, StoredForm,
    ::testing::Values(
        Form{R"("lock_kind":"permanent")", R"({"lock_kind":"permanent"})"},
        Form{R"("lock_kind":"temporary","account_locked_until":1700000000000)",
             R"({"account_locked_until":1700000000000000,"lock_kind":"temporary"})"},
        Form{R"("account_locked_until":"2024-01-01T00:00:00Z")", R"({"account_locked_until":1704067200000000})"},
        Form{R"("account_locked_until":"9999-12-31T23:59:59-10:00")", R"({"account_locked_until":253402300799999999})"},
        Form{R"("account_locked_until":"+292278994-08-17T07:12:55Z")",
             R"({"account_locked_until":253402300799999999})"},
        Form{R"("account_locked_until":9223372036854775807)", R"({"account_locked_until":253402300799999999})"},
        Form{R"("account_locked_until":1700000000)",
             R"({"account_locked_until":1700000000000000,"repaired":["account_locked_until"]})"},
        Form{R"("account_locked_until":"infinity")", R"({"account_locked_until":253402300799999999})"},
        Form{R"("account_locked_until":"-infinity")",
             R"({"metadata":{"account_locked_until":"-infinity"},"repaired":["account_locked_until","metadata"]})"},
        Form{R"("account_locked_until":1e400)", R"({"account_locked_until":253402300799999999})"},
        Form{
            R"("account_locked_until":"0000-01-01T00:00:00Z")",
            R"({"metadata":{"account_locked_until":"0000-01-01T00:00:00Z"},"repaired":["account_locked_until","metadata"]})"},
        Form{R"("account_locked_until":"soon")",
             R"({"metadata":{"account_locked_until":"soon"},"repaired":["account_locked_until","metadata"]})"}));

INSTANTIATE_TEST_SUITE_P(
    Ip, StoredForm,
    ::testing::Values(Form{R"("ip":"[2001:DB8::1%eth0]:443")", R"({"ip":"2001:db8::1"})"},
                      Form{R"("ip":"::ffff:1.2.3.4")", R"({"ip":"1.2.3.4"})"},
                      Form{R"("ip":" 1.2.3.4 ")", R"({"ip":"1.2.3.4"})"},
                      Form{R"("ip":"1.2.3.4, 5.6.7.8")", R"({"remote_host":"1.2.3.4, 5.6.7.8"})"},
                      Form{R"("ip":"gateway.example")", R"({"remote_host":"gateway.example"})"},
                      Form{R"("ip":"Bearer AbCdEf0123456789")",
                           R"({"remote_host":"Bearer [redacted:bearer]","repaired":["remote_host"]})"}));

INSTANTIATE_TEST_SUITE_P(
    Unknown, StoredForm,
    ::testing::Values(
        Form{R"("outcome":"x","a":[1,{"b":null}])",
             R"({"metadata":{"a":[1,{"b":null}],"outcome":"x"},"repaired":["metadata"]})"},
        Form{
            R"("received_at":1,"effective_at":2,"agent":"a","account":"id:x","repaired":["x"],"content_hash":"h")",
            R"({"metadata":{"account":"id:x","agent":"a","content_hash":"h","effective_at":2,"received_at":1,"repaired":["x"]},"repaired":["metadata"]})"},
        Form{R"("epoch_id":1,"leaf_index":2,"remote_host":"h")",
             R"({"metadata":{"epoch_id":1,"leaf_index":2,"remote_host":"h"},"repaired":["metadata"]})"},
        Form{R"("a":1,"metadata":{"a":0})", R"({"metadata":{"a":0,"a_":1},"repaired":["metadata"]})"},
        Form{R"("a":1,"metadata":{"a":0,"a_":2})", R"({"metadata":{"a":0,"a_":2,"a__":1},"repaired":["metadata"]})"},
        Form{R"("a_":2,"a":1,"metadata":{"a":0})", R"({"metadata":{"a":0,"a_":1,"a__":2},"repaired":["metadata"]})"},
        Form{R"("a":1,"a_":2,"metadata":{"a":0})", R"({"metadata":{"a":0,"a_":1,"a__":2},"repaired":["metadata"]})"},
        Form{R"("user_id":5,"metadata":{"user_id":"x"})",
             R"({"metadata":{"user_id":"x","user_id_":5},"repaired":["metadata","user_id"]})"},
        Form{R"("":"")", R"({"metadata":{"":""},"repaired":["metadata"]})"}));

TEST(LongText, IsCutAtACodePoint) {
  const std::pair<std::string_view, std::size_t> limits[] = {
      {"actor_id", 128},    {"user_agent", 1024}, {"service", 128},    {"auth_method", 64}, {"failure_reason", 64},
      {"failure_code", 64}, {"session_ref", 128}, {"request_id", 128}, {"lock_reason", 64}, {"reset_reason", 64}};
  for (const auto& [name, limit] : limits) {
    const std::string fits(limit, 'x');
    const std::string key = std::string("\"").append(name).append("\":");
    const auto content = [&](const std::string& text) {
      return stored(std::string(key).append("\"").append(text).append("\""));
    };
    const std::string whole = std::string(key).append("\"").append(fits).append("\"");
    EXPECT_EQ(content(fits), "{" + whole + "}");
    const std::string repaired = "\"repaired\":[\"" + std::string(name) + "\"]";
    EXPECT_NE(content(fits + "y").find(whole), std::string::npos) << name;
    EXPECT_NE(content(fits + "y").find(repaired), std::string::npos) << name;
    const std::string half = fits.substr(1) + "\u00e9";
    EXPECT_NE(content(half).find(key + "\"" + fits.substr(1) + "\""), std::string::npos) << name;
  }
}

TEST(LongText, OfTheSubjectKeepsAMarkOfTheWholeInItsAccount) {
  const std::string id(129, 'i');
  const std::string marked_id = std::string(95, 'i') + "~" + hex(sha256(id)).substr(0, 32);
  EXPECT_EQ(stored("\"user_id\":\"" + id + "\""),
            R"({"account":"id:)" + marked_id + R"(","repaired":["user_id"],"user_id":")" + marked_id + "\"}");
  const std::string name(257, 'n');
  const std::string marked_name = std::string(223, 'n') + "~" + hex(sha256(name)).substr(0, 32);
  EXPECT_EQ(stored("\"username\":\"" + name + "\""),
            R"({"account":"name:)" + marked_name + R"(","repaired":["username"],"username":")" + marked_name + "\"}");
  const std::string host(253, 'h');
  EXPECT_EQ(stored("\"ip\":\"" + host + "z\""), "{\"remote_host\":\"" + host + "\",\"repaired\":[\"remote_host\"]}");
}

TEST(LongText, OfTheSubjectIsMarkedAtACodePointAndByWhatOtherRepairsLeft) {
  const std::string sent = std::string(94, 'i') + "\u00e9" + std::string(40, 'j');
  EXPECT_NE(stored("\"user_id\":\"" + sent + "\"").find("\"user_id\":\"" + std::string(94, 'i') + "~"),
            std::string::npos);
  const std::string mended = std::string(200, 'i') + "\uFFFD";
  EXPECT_NE(
      stored("\"user_id\":\"" + std::string(200, 'i') + "\\u0000\"").find("~" + hex(sha256(mended)).substr(0, 32)),
      std::string::npos);
  EXPECT_EQ(stored("\"user_id\":\"" + std::string(128, 'i') + "\"").find('~'), std::string::npos);
}

TEST(Redacted, ByKeyAtAnyDepth) {
  EXPECT_EQ(
      stored(R"("password":"x","a":[{"accessToken":{"deep":["x"]}}])"),
      R"({"metadata":{"a":[{"accessToken":"[redacted:key]"}],"password":"[redacted:key]"},"repaired":["metadata"]})");
  EXPECT_EQ(stored(R"("metadata":{"otp":123456,"api_key":["x"]})"),
            R"({"metadata":{"api_key":"[redacted:key]","otp":"[redacted:key]"},"repaired":["metadata"]})");
}

TEST(Redacted, NotWhereTheValueIsABooleanOrATime) {
  const std::string_view metadata =
      R"({"metadata":{"has_password":true,"last_otp":"2024-01-01T00:00:00Z","old_token":null,"pwd":false}})";
  EXPECT_EQ(
      stored(R"("metadata":{"has_password":true,"pwd":false,"last_otp":"2024-01-01T00:00:00Z","old_token":null})"),
      metadata);
}

TEST(Redacted, ByShapeWhereverAStringStands) {
  const std::string jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
  EXPECT_EQ(stored("\"username\":\"" + jwt + "\""),
            R"({"account":"name:[redacted:jwt]","repaired":["username"],"username":"[redacted:jwt]"})");
  EXPECT_EQ(stored("\"metadata\":{\"" + jwt + "\":[\"" + jwt + "\"]}"),
            R"({"metadata":{"[redacted:jwt]":["[redacted:jwt]"]},"repaired":["metadata"]})");
  EXPECT_EQ(stored("\"" + jwt + "\":1,\"metadata\":{\"[redacted:jwt]\":0}"),
            R"({"metadata":{"[redacted:jwt]":0,"[redacted:jwt]_":1},"repaired":["metadata"]})");
}

TEST(Redacted, BeforeTextIsCut) {
  const std::string jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + std::string(100, 's');
  EXPECT_EQ(stored("\"failure_code\":\"" + jwt + "\""),
            R"({"failure_code":"[redacted:jwt]","repaired":["failure_code"]})");
}

TEST(Redacted, AgainWhereTheCutMadeASecretOfEvidence) {
  EXPECT_EQ(stored("\"failure_reason\":\"" + std::string(54, 'x') + " cookie: not set by it\""),
            "{\"failure_reason\":\"" + std::string(54, 'x') + " cookie: [\",\"repaired\":[\"failure_reason\"]}");
}

std::string repairs_of(const ReadCounts& counts) {
  std::string text;
  for (std::size_t rule = 0; rule < kRepairRules; ++rule) {
    if (counts.repairs[rule] > 0) {
      text.append(repair_rule_text(static_cast<RepairRule>(rule))) += "=" + std::to_string(counts.repairs[rule]) + " ";
    }
  }
  return text;
}

std::string repairs_in(const std::string& members) {
  ReadCounts counts;
  testing::read(testing::event_with(members), &counts);
  return repairs_of(counts);
}

TEST(ReadCounting, FollowsTheRules) {
  ReadCounts counts;
  testing::read(testing::event_with(R"("a":"Bearer AbCdEf0123456789","password":100,"username":"\u0000","user_id":1)"),
                &counts);
  EXPECT_EQ(counts.redactions[static_cast<std::size_t>(RedactionRule::kBearer)], 1U);
  EXPECT_EQ(counts.redactions[static_cast<std::size_t>(RedactionRule::kKey)], 1U);
  EXPECT_EQ(counts.redactions[static_cast<std::size_t>(RedactionRule::kJwt)], 0U);
  EXPECT_EQ(repairs_of(counts), "characters=1 wrong_value=1 unknown_member=2 ");
}

TEST(ReadCounting, NamesTheRuleOfEachRepair) {
  const std::string long_text(200, 'x');
  EXPECT_EQ(repairs_in("\"username\":\"a\xff\",\"service\":\"\\ud800\""), "characters=2 ");
  EXPECT_EQ(repairs_in("\"service\":\"" + long_text + "\",\"ip\":\"" + long_text + long_text + "\""), "cut=2 ");
  EXPECT_EQ(repairs_in(R"("user_id":1,"channel":"fax","failed_login_attempts":-1,"lock_kind":"x","metadata":"m")"),
            "wrong_value=5 ");
  EXPECT_EQ(repairs_in(R"("a":1,"agent":"x","organisation_id":"o","organization_id":"o")"), "unknown_member=3 ");
  EXPECT_EQ(repairs_in(R"("session_ref":"r","session_id":"s")"), "unknown_member=1 ");
  EXPECT_EQ(repairs_in(R"("metadata":{"a":1e400,"b":[9007199254740993]})"), "number=2 ");
  EXPECT_EQ(repairs_in(R"("metadata":{"a":1,"a":2,"b":{"c":1,"c":1}})"), "repeated_key=1 ");
  EXPECT_EQ(repairs_in("\"metadata\":{\"a\":\"" + std::string(9000, 'x') + "\"}"), "metadata_limit=1 ");
  EXPECT_EQ(repairs_in(R"("metadata":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}})"), "metadata_limit=1 ");
}

TEST(ReadCounting, CountsNothingThatIsNoRepair) {
  EXPECT_EQ(repairs_in(R"("ip":"somewhere","session_id":{"id":1e400},"user_id":"","x":null)"), "");
  EXPECT_EQ(repairs_in(R"("account_locked_until":"99999-01-01T00:00:00Z","lock_kind":"none","metadata":{"n":1})"), "");
}

}  // namespace
}  // namespace twinlog
