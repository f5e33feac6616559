// Metadata: canonical form, limits, repeated keys, numbers.
#include <gtest/gtest.h>

#include <string>

#include "ledger/base/bytes.h"
#include "tests/record/read_support.h"

namespace twinlog {
namespace {

using testing::stored;

std::string marker(const std::string& canonical) {
  return "{\"_truncated\":true,\"bytes\":" + std::to_string(canonical.size()) + ",\"sha256\":\"" +
         hex(sha256(canonical)) + "\"}";
}
std::string repaired(const std::string& metadata) {
  return "{\"metadata\":" + metadata + ",\"repaired\":[\"metadata\"]}";
}
std::string text(std::size_t size, char letter = 'x') {
  return "\"" + std::string(size - 2, letter) + "\"";
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
    sent += (sent.empty() ? "\"eyJhIjoxfQ.." : ",\"eyJhIjoxfQ..") + std::to_string(i) + "\":" + std::to_string(i);
  }
  std::string kept;
  for (int i = 0; i < 9; ++i) {
    kept += "\"[redacted:jwt]" + std::string(static_cast<std::size_t>(i), '_') + "\":" + std::to_string(i + 10) + ",";
  }
  kept += R"("[redacted:jwt]________1":19,"[redacted:jwt]________2":20)";
  EXPECT_EQ(stored(sent), "{\"metadata\":{" + kept + "},\"repaired\":[\"metadata\"]}");
}

TEST(Metadata, IsHashedHoweverLongItsCanonicalFormGets) {
  std::string sent = "[";
  std::string canonical = sent;
  for (int i = 0; i < 50'000; ++i) {
    sent += "1e20,";
    canonical += "100000000000000000000,";
  }
  EXPECT_EQ(stored("\"metadata\":{\"a\":" + sent + "0]}"), repaired("{\"a\":" + marker(canonical + "0]") + "}"));
  const std::string hash = hex(sha256(std::string("t\0", 2) + canonical + "0]")).substr(0, 32);
  EXPECT_EQ(stored("\"session_id\":" + sent + "0]"), "{\"session_ref\":\"" + hash + "\"}");
}

TEST(Metadata, MayBe8KiBInCanonicalForm) {
  const std::string fits = "{\"a\":" + text(8192 - 6) + "}";
  ASSERT_EQ(fits.size(), 8192U);
  EXPECT_EQ(stored("\"metadata\":" + fits), "{\"metadata\":" + fits + "}");
  EXPECT_EQ(stored("\"metadata\":{\"a\":" + text(8192 - 5) + "}"), repaired("{\"a\":" + marker(text(8192 - 5)) + "}"));
}

TEST(Metadata, LosesTheLargestValuesFirstAndKeepsWhatStandsBeside) {
  EXPECT_EQ(
      stored(R"("metadata":{"client":"portal","risk":"high","device":"d-77","redirect_uri":)" + text(9000) + "}"),
      repaired(R"({"client":"portal","device":"d-77","redirect_uri":)" + marker(text(9000)) + R"(,"risk":"high"})"));
  EXPECT_EQ(stored("\"metadata\":{\"a\":" + text(3000) + ",\"b\":" + text(5000) + ",\"c\":" + text(4000) + "}"),
            repaired("{\"a\":" + text(3000) + ",\"b\":" + marker(text(5000)) + ",\"c\":" + text(4000) + "}"));
  EXPECT_EQ(stored(R"("device":"d-1","metadata":{"request":{"referer":)" + text(9000) + R"(,"host":"h"}})"),
            repaired(R"({"device":"d-1","request":{"host":"h","referer":)" + marker(text(9000)) + "}}"));
}

TEST(Metadata, OfEqualValuesLosesTheFirstInCanonicalOrder) {
  const std::string first = text(4000, 'p');
  EXPECT_EQ(stored("\"metadata\":{\"b\":" + text(4000) + ",\"c\":" + text(4000) + ",\"a\":[" + first + "]}"),
            repaired("{\"a\":[" + marker(first) + "],\"b\":" + text(4000) + ",\"c\":" + text(4000) + "}"));
}

TEST(Metadata, LosesAListOfShortValuesAsAWhole) {
  std::string list = "[0";
  while (list.size() < 9000) {
    list += ",\"0123456789\"";
  }
  list += "]";
  EXPECT_EQ(stored("\"metadata\":{\"device\":\"d\",\"list\":" + list + "}"),
            repaired(R"({"device":"d","list":)" + marker(list) + "}"));
}

TEST(Metadata, IsReplacedAsAWholeWhenItHasTooManyMembers) {
  std::string members;
  for (int i = 1000; i < 2000; ++i) {
    members += (members.empty() ? "\"" : ",\"") + std::to_string(i) + "\":10";
  }
  EXPECT_EQ(stored("\"metadata\":{" + members + "}"), repaired(marker("{" + members + "}")));
  EXPECT_EQ(stored("\"metadata\":{\"" + std::string(9000, 'k') + "\":1}"),
            repaired(marker("{\"" + std::string(9000, 'k') + "\":1}")));
}

TEST(Metadata, MayBe8LevelsDeep) {
  EXPECT_EQ(stored("\"metadata\":{\"a\":" + nested(7, "[", "]") + "}"),
            "{\"metadata\":{\"a\":" + nested(7, "[", "]") + "}}");
  const std::string inner = nested(2, "[", "]");
  EXPECT_EQ(stored("\"metadata\":{\"a\":" + nested(8, "[", "]") + ",\"device\":\"d\"}"),
            repaired("{\"a\":[[[[[[" + marker(inner) + "]]]]]],\"device\":\"d\"}"));
}

TEST(Metadata, LosesABranchThatIsTooDeepBeforeSizesAreLookedAt) {
  const std::string deep = "[" + text(8200) + ",[]]";
  EXPECT_EQ(stored("\"metadata\":{\"a\":[[[[[[" + deep + "]]]]]],\"b\":" + text(8000 - 100) + "}"),
            repaired("{\"a\":[[[[[[" + marker(deep) + "]]]]]],\"b\":" + text(8000 - 100) + "}"));
}

TEST(Metadata, OverItsLimitsIsDescribedAfterRepairAndRedaction) {
  const std::string filler = "\"f\":" + text(8192);
  EXPECT_EQ(stored(R"("z":1,"metadata":{"password":"p","n":1e400,"n":"\u0000","z":0,)" + filler + "}"),
            repaired("{\"f\":" + marker(text(8192)) +
                     R"(,"n":")"
                     "\xEF\xBF\xBD"
                     R"(","password":"[redacted:key]","z":0,"z_":1})"));
}

TEST(Metadata, ThatWasShortenedStaysAsItIs) {
  for (const std::string& sent : {"{\"a\":" + text(9000) + ",\"b\":{\"c\":" + nested(9, "[", "]") + "}}",
                                  "{\"" + std::string(9000, 'k') + "\":1}"}) {
    const std::string once = stored("\"metadata\":" + sent);
    const std::string metadata = once.substr(12, once.find(",\"repaired\"") - 12);
    EXPECT_EQ(stored("\"metadata\":" + metadata), "{\"metadata\":" + metadata + "}");
  }
}

TEST(Metadata, DoesNotShortenAMarkerAgain) {
  const std::string mark = marker(text(9000));
  EXPECT_EQ(stored("\"metadata\":{\"a\":" + mark + ",\"b\":" + text(8190) + "}"),
            repaired("{\"a\":" + mark + ",\"b\":" + marker(text(8190)) + "}"));
}

TEST(Metadata, OfAnyDepthNeedsNoStack) {
  const std::size_t depth = 250'000;
  EXPECT_EQ(stored("\"metadata\":{\"a\":" + nested(depth, "[", "]") + "}"),
            repaired("{\"a\":[[[[[[" + marker(nested(depth - 6, "[", "]")) + "]]]]]]}"));
  const std::string open = R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":)";
  EXPECT_EQ(stored("\"metadata\":" + nested(depth / 2, "{\"a\":", "}")),
            repaired(open + marker(nested(depth / 2 - 7, "{\"a\":", "}")) + "}}}}}}}"));
  EXPECT_EQ(testing::refusal(std::string(1U << 20U, '[')), ": not a JSON object");
}

TEST(Metadata, WithATenThousandLongValuesIsShortenedToWhatFits) {
  std::string members;
  for (int i = 10'000; i < 18'000; ++i) {
    members += (members.empty() ? "\"" : ",\"") + std::to_string(i) + "\":[" + text(115) + "]";
  }
  EXPECT_EQ(stored("\"metadata\":{" + members + "}"), repaired(marker("{" + members + "}")));
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
