// The vectors of ledger/FORMAT.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <variant>

#include "ledger/record/canonical.h"
#include "tests/record/read_support.h"

namespace twinlog {
namespace {

struct FormatVector {
  std::string_view sent;
  std::string_view canonical;
  std::string_view hash;
};

class FormatVectors : public ::testing::TestWithParam<FormatVector> {};

TEST_P(FormatVectors, HoldToTheByte) {
  const ReadOutcome outcome = testing::read(GetParam().sent);
  ASSERT_TRUE(std::holds_alternative<AcceptedEvent>(outcome));
  EXPECT_EQ(std::get<AcceptedEvent>(outcome).canonical, GetParam().canonical);
  EXPECT_EQ(hex(std::get<AcceptedEvent>(outcome).content_hash), GetParam().hash);
}

INSTANTIATE_TEST_SUITE_P(
    Events, FormatVectors,
    ::testing::Values(
        FormatVector{
            R"json({"tenant_id":"acme","log_id":"e-1","event_type":"login_success","occurred_at":"2024-02-29T12:00:00.1234567+01:00","user_id":"u1","schema_version":1})json",
            R"json({"account":"id:u1","event_type":"login_success","log_id":"e-1","occurred_at":1709204400123456,"tenant_id":"acme","user_id":"u1"})json",
            "93dbbb0b398f3004c7563a140e227c0dc9be108370ff442bf3f266f871988251"},
        FormatVector{
            R"json({"tenant_id":"acme","log_id":"e-2","event_type":"login_failed","occurred_at":1700000000123,"username":" B\u00d6b\u0000","ip":"[::ffff:203.0.113.7]:443","password":"hunter2","channel":"fax","session_id":"abc","metadata":{"z":1.50,"a":9007199254740993,"\ud83d\ude00":1e21,"\ufb33":[-0]},"outcome":null,"z":true})json",
            R"json({"account":"name:böb�","event_type":"login_failed","ip":"203.0.113.7","log_id":"e-2","metadata":{"a":"9007199254740993","channel":"fax","password":"[redacted:key]","z":1.5,"z_":true,"😀":1e+21,"דּ":[0]},"occurred_at":1700000000123000,"repaired":["channel","metadata","username"],"session_ref":"3c405f3e109e79de6a3d3ec0390dd97b","tenant_id":"acme","username":" BÖb�"})json",
            "61df60144a827274e128b9b7b1312f5ec37582b0950dbf1f15904ba7ef8f985d"}));

TEST(FormatVectors, OfAnIdOfAKeyedRequestHoldToTheByte) {
  const EventReader reader(testing::test_settings());
  EventReader::RequestContext request;
  request.idempotency_key = "retry-7";
  const ReadOutcome outcome =
      reader.read_event(R"json({"tenant_id":"t","event_type":"logout","occurred_at":1700000000123})json", request);
  const auto& accepted = std::get<AcceptedEvent>(outcome);
  EXPECT_EQ(
      accepted.canonical,
      R"json({"event_type":"logout","log_id":"018bcfe5-687b-8736-aea8-ac7a6d6025f3","occurred_at":1700000000123000,"tenant_id":"t"})json");
  EXPECT_EQ(hex(accepted.content_hash), "1f94e215ed7a447e3a672b8faf135bb2a227e2e5165cf47267ca6dfe495fdbef");
}

constexpr std::string_view kContent =
    "7b226163636f756e74223a2269643a7531222c226576656e745f74797065223a226c6f67696e5f73756363657373222c226c6f675f6964223a"
    "22652d31222c226f636375727265645f6174223a313730393230343430303132333435362c2274656e616e745f6964223a2261636d65222c22"
    "757365725f6964223a227531227d";

Version example_version() {
  const ReadOutcome outcome = testing::read(
      R"json({"tenant_id":"acme","log_id":"e-1","event_type":"login_success","occurred_at":"2024-02-29T12:00:00.1234567+01:00","user_id":"u1","schema_version":1})json");
  const auto& accepted = std::get<AcceptedEvent>(outcome);
  Version version;
  version.event = accepted.event;
  version.content_hash = accepted.content_hash;
  version.received_at = 1'709'204'400'500'000;
  version.effective_at = std::min(version.received_at, version.event.occurred_at);
  version.agent = "auth-1";
  for (std::size_t i = 0; i < version.epoch_id.size(); ++i) {
    version.epoch_id[i] = static_cast<std::uint8_t>(i);
  }
  version.leaf_index = 7;
  version.arrival = {Ingress::kUnix, 1000, 1001};
  return version;
}

TEST(FormatVectors, OfAnEncodedVersionHoldToTheByte) {
  const Version version = example_version();
  EXPECT_EQ(hex(encode_version(version, canonical_content(version.event))),
            "020000000000000007000102030405060708090a0b0c0d0e0f000612832923ed2000061283291e2e4093dbbb0b398f3004c7"
            "563a140e227c0dc9be108370ff442bf3f266f871988251"
            "01000003e8000003e900"
            "0006617574682d31eea426adc73451cd" +
                std::string(kContent));
}

TEST(FormatVectors, OfTheLayoutBeforeSendersAreReadAsEver) {
  const auto bytes = from_hex(
      "010000000000000007000102030405060708090a0b0c0d0e0f000612832923ed2000061283291e2e4093dbbb0b398f3004c7"
      "563a140e227c0dc9be108370ff442bf3f266f8719882510006617574682d3149cc4b2d6ba47eaf" +
      std::string(kContent));
  const Result<Version> version = decode_version(*bytes);
  ASSERT_TRUE(version.has_value());
  Version expected = example_version();
  expected.arrival = {};
  EXPECT_EQ(*version, expected);
}

}  // namespace
}  // namespace twinlog
