// Metadata: canonical form, limits, repeated keys, numbers.
#include <gtest/gtest.h>

#include <string>

#include "ledger/base/bytes.h"
#include "tests/record/read_support.h"

namespace twinlog {
namespace {

using testing::stored;

std::string truncated(const std::string& canonical) {
  return "{\"metadata\":{\"_truncated\":true,\"bytes\":" + std::to_string(canonical.size()) + ",\"sha256\":\"" +
         hex(sha256(canonical)) + "\"},\"repaired\":[\"metadata\"]}";
}

std::string nested(std::size_t depth, std::string_view open, std::string_view close) {
  std::string json;
  for (std::size_t i = 0; i < depth; ++i) {
    json.append(open);
  }
  json.append("0");
  for (std::size_t i = 0; i < depth; ++i) {
    json.append(close);
  }
  return json;
}

TEST(Metadata, IsKeptInCanonicalForm) {
  EXPECT_EQ(stored(R"("metadata": { "b" : 1.50, "a" : [ 1e2, -0, "\u00e9\/" ] } )"),
            "{\"metadata\":{\"a\":[100,0,\"\u00e9/\"],\"b\":1.5}}");
  EXPECT_EQ(stored(R"("metadata":{})"), R"({"metadata":{}})");
}

TEST(Metadata, KeepsTheLastOfRepeatedKeysAtEveryLevel) {
  EXPECT_EQ(stored(R"("metadata":{"a":1,"a":2,"b":{"c":1,"c":{"d":1,"d":2}}})"),
            R"({"metadata":{"a":2,"b":{"c":{"d":2}}},"repaired":["metadata"]})");
}

TEST(Metadata, TurnsNumbersBeyondTheRangeIntoStrings) {
  EXPECT_EQ(stored(R"("metadata":{"a":9007199254740992,"b":-9007199254740992,"c":1e300,"d":1e-400})"),
            R"({"metadata":{"a":9007199254740992,"b":-9007199254740992,"c":1e+300,"d":0}})");
  EXPECT_EQ(
      stored(R"("metadata":{"a":9007199254740993,"b":-1E+400,"c":[12345678901234567890]})"),
      R"({"metadata":{"a":"9007199254740993","b":"-1E+400","c":["12345678901234567890"]},"repaired":["metadata"]})");
  const std::string digits(400, '9');
  EXPECT_EQ(stored("\"metadata\":{\"a\":" + digits + "}"),
            "{\"metadata\":{\"a\":\"" + digits + "\"},\"repaired\":[\"metadata\"]}");
}

TEST(Metadata, NumbersManyEqualNamesInsteadOfEverMoreUnderscores) {
  std::string sent;
  for (int i = 10; i < 21; ++i) {
    sent += (sent.empty() ? "\"eyJabcd.." : ",\"eyJabcd..") + std::to_string(i) + "\":" + std::to_string(i);
  }
  std::string kept;
  for (int i = 0; i < 9; ++i) {
    kept += "\"[redacted:jwt]" + std::string(static_cast<std::size_t>(i), '_') + "\":" + std::to_string(i + 10) + ",";
  }
  kept += R"("[redacted:jwt]________1":19,"[redacted:jwt]________2":20)";
  EXPECT_EQ(stored(sent), "{\"metadata\":{" + kept + "},\"repaired\":[\"metadata\"]}");
}

TEST(Metadata, IsHashedWholeHoweverLongItsCanonicalFormGets) {
  std::string sent = "{\"a\":[";
  std::string canonical = sent;
  for (int i = 0; i < 50'000; ++i) {
    sent += "1e20,";
    canonical += "100000000000000000000,";
  }
  EXPECT_EQ(stored("\"metadata\":" + sent + "0]}"), truncated(canonical + "0]}"));
  const std::string id = canonical.substr(5) + "0]";
  const std::string hash = hex(sha256(std::string("t\0", 2) + id)).substr(0, 32);
  EXPECT_EQ(stored("\"session_id\":" + sent.substr(5) + "0]"), "{\"session_ref\":\"" + hash + "\"}");
}

TEST(Metadata, MayBe8KiBInCanonicalForm) {
  const std::string fits = "{\"a\":\"" + std::string(8192 - 8, 'x') + "\"}";
  ASSERT_EQ(fits.size(), 8192U);
  EXPECT_EQ(stored("\"metadata\":" + fits), "{\"metadata\":" + fits + "}");
  const std::string over = "{\"a\":\"" + std::string(8192 - 7, 'x') + "\"}";
  EXPECT_EQ(stored("\"metadata\":" + over), truncated(over));
}

TEST(Metadata, MayBe8LevelsDeep) {
  EXPECT_EQ(stored("\"metadata\":{\"a\":" + nested(7, "[", "]") + "}"),
            "{\"metadata\":{\"a\":" + nested(7, "[", "]") + "}}");
  const std::string over = "{\"a\":" + nested(8, "[", "]") + "}";
  EXPECT_EQ(stored("\"metadata\":" + over), truncated(over));
}

TEST(Metadata, OverItsLimitsIsDescribedAfterRepairAndRedaction) {
  const std::string filler = "\"f\":\"" + std::string(8192, 'x') + "\"";
  EXPECT_EQ(stored(R"("z":1,"metadata":{"password":"p","n":1e400,"n":"\u0000","z":0,)" + filler + "}"),
            truncated("{" + filler +
                      R"(,"n":")"
                      "\xEF\xBF\xBD"
                      R"(","password":"[redacted:key]","z":0,"z_":1})"));
}

TEST(Metadata, OfAnyDepthNeedsNoStack) {
  const std::size_t depth = 250'000;
  const std::string arrays = "{\"a\":" + nested(depth, "[", "]") + "}";
  EXPECT_EQ(stored("\"metadata\":" + arrays), truncated(arrays));
  const std::string objects = "{\"a\":" + nested(depth / 2, "{\"a\":", "}") + "}";
  EXPECT_EQ(stored("\"metadata\":" + objects), truncated(objects));
  EXPECT_EQ(testing::refusal(std::string(1U << 20U, '[')), ": not a JSON object");
}

TEST(Metadata, WithAHundredThousandMembersIsSortedAndDescribed) {
  std::string members;
  for (int i = 0; i < 100'000; ++i) {
    members.append("\"").append(std::to_string(i)).append("\":0,");
  }
  members.pop_back();
  const std::string content = stored(members);
  EXPECT_EQ(content.find(R"({"metadata":{"_truncated":true,"bytes":)"), 0U);
}

}  // namespace
}  // namespace twinlog
