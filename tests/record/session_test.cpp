// Session ids: never kept, whatever they are called and wherever they stand.
#include <gtest/gtest.h>

#include <string>

#include "ledger/base/bytes.h"
#include "tests/record/read_support.h"

namespace twinlog {
namespace {

using testing::stored;

// First 32 hex of SHA-256 over "t", NUL and the id.
std::string hash(std::string_view id) {
  return hex(sha256(std::string("t").append(1, '\0').append(id))).substr(0, 32);
}
std::string metadata(const std::string& json) {
  return "{\"metadata\":" + json + "}";
}

TEST(SessionId, OfAnEventBecomesItsSessionRefInAnySpelling) {
  for (const std::string name :
       {"session_id", "sessionId", "SESSION-ID", "sessid", "JSESSIONID", "PHPSESSID", "ASP.NET_SessionId", "sid"}) {
    EXPECT_EQ(stored("\"" + name + "\":\"abc\""), "{\"session_ref\":\"" + hash("abc") + "\"}") << name;
  }
  EXPECT_EQ(stored(R"("user_session_id":"abc")"), R"({"metadata":{"user_session_id":"abc"},"repaired":["metadata"]})");
}

TEST(SessionId, InTwoSpellingsIsTakenFromTheContractsOwnOrTheFirstByName) {
  EXPECT_EQ(stored(R"("sid":"b","sessionId":"a","session_id":"c")"),
            R"({"metadata":{"sessionId":"sref:)" + hash("a") + R"(","sid":"sref:)" + hash("b") +
                R"("},"repaired":["metadata"],"session_ref":")" + hash("c") + "\"}");
  EXPECT_EQ(
      stored(R"("sid":"b","sessionId":"a")"),
      R"({"metadata":{"sid":"sref:)" + hash("b") + R"("},"repaired":["metadata"],"session_ref":")" + hash("a") + "\"}");
  EXPECT_EQ(stored(R"("sid":"b","sessionId":"","session_id":null,"JSESSIONID":null)"),
            "{\"session_ref\":\"" + hash("b") + "\"}");
}

TEST(SessionId, BelowKeepsItsPlaceAsAHashThatSaysSo) {
  EXPECT_EQ(stored(R"("metadata":{"a":[{"sessionId":"abc"}]})"),
            metadata(R"({"a":[{"sessionId":"sref:)" + hash("abc") + "\"}]}"));
  EXPECT_EQ(stored(R"("session_id":"abc","session_ref":"r")"),
            R"({"metadata":{"session_id":"sref:)" + hash("abc") + R"("},"repaired":["metadata"],"session_ref":"r"})");
  EXPECT_EQ(stored(R"("user_id":{"session_id":"abc"})"), R"({"metadata":{"user_id":{"session_id":"sref:)" +
                                                             hash("abc") + R"("}},"repaired":["metadata","user_id"]})");
}

TEST(SessionId, OfAnotherTypeIsHashedAsItsCanonicalJson) {
  EXPECT_EQ(stored(R"("session_id":1.0)"), "{\"session_ref\":\"" + hash("1") + "\"}");
  EXPECT_EQ(stored(R"("session_id":{"b":1e400,"a":true})"),
            "{\"session_ref\":\"" + hash(R"({"a":true,"b":"1e400"})") + "\"}");
  EXPECT_EQ(stored(R"("metadata":{"sid":[1, 2]})"), metadata("{\"sid\":\"sref:" + hash("[1,2]") + "\"}"));
  EXPECT_EQ(stored(R"("metadata":{"session_id":null})"), R"({"metadata":{"session_id":null}})");
}

TEST(SessionId, ThatWasHashedStaysAndOnlyInTheFormThatSaysSo) {
  const std::string digits = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(stored("\"session_ref\":\"" + digits + "\""), "{\"session_ref\":\"" + digits + "\"}");
  EXPECT_EQ(stored("\"session_id\":\"" + digits + "\""), "{\"session_ref\":\"" + hash(digits) + "\"}");
  EXPECT_EQ(stored("\"session_id\":\"sref:" + digits + "\""), "{\"session_ref\":\"sref:" + digits + "\"}");
  EXPECT_EQ(stored(R"("metadata":{"sid":"sref:)" + digits + "\"}"), metadata("{\"sid\":\"sref:" + digits + "\"}"));
  EXPECT_EQ(stored(R"("metadata":{"sid":")" + digits + "\"}"), metadata("{\"sid\":\"sref:" + hash(digits) + "\"}"));
  for (const std::string& wrong : {"sref:" + digits + "0", "sref:" + digits.substr(1), "SREF:" + digits}) {
    EXPECT_EQ(stored(R"("metadata":{"sid":")" + wrong + "\"}"), metadata("{\"sid\":\"sref:" + hash(wrong) + "\"}"));
  }
}

TEST(SessionId, InsideOfTextIsRedacted) {
  EXPECT_EQ(stored(R"("metadata":{"url":"https://h/a;jsessionid=0A1B?x=1","body":"{\"sessionId\":\"q1\"}"})"),
            R"({"metadata":{"body":"{\"sessionId\":\"[redacted:session]\"}",)"
            R"("url":"https://h/a;jsessionid=[redacted:session]?x=1"},"repaired":["metadata"]})");
}

}  // namespace
}  // namespace twinlog
