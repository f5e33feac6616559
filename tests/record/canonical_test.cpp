#include "ledger/record/canonical.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#include "ledger/record/json_events.h"
#include "tests/support/random_event.h"

namespace twinlog {
namespace {

constexpr std::uint64_t kSeed = 20'260'101;
constexpr int kRounds = 1'000;

AuthEvent small_event() {
  AuthEvent event;
  event.tenant_id = "acme";
  event.log_id = "l-1";
  event.event_type = "login_failed";
  event.occurred_at = 1'700'000'000'123'456;
  return event;
}

TEST(CanonicalContent, LeavesOutWhatIsAbsent) {
  EXPECT_EQ(canonical_content(small_event()),
            R"({"event_type":"login_failed","log_id":"l-1","occurred_at":1700000000123456,"tenant_id":"acme"})");
}

TEST(CanonicalContent, WritesEveryFieldInTheOrderOfRfc8785) {
  AuthEvent event = small_event();
  event.organisation_id = "o";
  event.user_id = "u";
  event.username = "n";
  event.actor_id = "a";
  event.ip = "::1";
  event.remote_host = "h";
  event.user_agent = "ua\"\\";
  event.channel = "web";
  event.service = "s";
  event.auth_method = "m";
  event.failure_reason = "r";
  event.failure_code = "c";
  event.session_ref = "sr";
  event.request_id = "q";
  event.failed_login_attempts = 3;
  event.account_locked_until = kLatestTime;
  event.lock_kind = LockKind::kPermanent;
  event.lock_reason = "lr";
  event.reset_reason = "rr";
  event.metadata = R"({"k":[1,{}]})";
  event.account = "id:u";
  event.repaired = {"channel", "metadata"};
  EXPECT_EQ(canonical_content(event),
            R"({"account":"id:u","account_locked_until":253402300799999999,"actor_id":"a","auth_method":"m",)"
            R"("channel":"web","event_type":"login_failed","failed_login_attempts":3,"failure_code":"c",)"
            R"("failure_reason":"r","ip":"::1","lock_kind":"permanent","lock_reason":"lr","log_id":"l-1",)"
            R"("metadata":{"k":[1,{}]},"occurred_at":1700000000123456,"organisation_id":"o","remote_host":"h",)"
            R"("repaired":["channel","metadata"],"request_id":"q","reset_reason":"rr","service":"s",)"
            R"("session_ref":"sr","tenant_id":"acme","user_agent":"ua\"\\","user_id":"u","username":"n"})");
}

TEST(CanonicalContent, ReadsBackToTheSameEventAndTheSameBytes) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    const AuthEvent event = testing::random_event(random);
    const std::string canonical = canonical_content(event);
    const auto back = parse_content(canonical);
    ASSERT_TRUE(back.has_value()) << canonical;
    EXPECT_EQ(*back, event);
    EXPECT_EQ(canonical_content(*back), canonical);
  }
}

class NotCanonical : public ::testing::TestWithParam<const char*> {};

TEST_P(NotCanonical, IsCorrupt) {
  const auto event = parse_content(GetParam());
  ASSERT_FALSE(event.has_value());
  EXPECT_EQ(event.error().kind(), ErrorKind::kCorrupt);
}

INSTANTIATE_TEST_SUITE_P(
    Content, NotCanonical,
    ::testing::Values("", "{}", "[]", "null", "{", R"({"event_type":"a","log_id":"b","tenant_id":"c"})",
                      R"({"event_type":"a", "log_id":"b","occurred_at":1,"tenant_id":"c"})",
                      R"({"log_id":"b","event_type":"a","occurred_at":1,"tenant_id":"c"})",
                      R"({"event_type":"a","log_id":"b","occurred_at":1.0,"tenant_id":"c"})",
                      R"({"event_type":"a","log_id":"b","occurred_at":1e0,"tenant_id":"c"})",
                      R"({"event_type":"a","log_id":"b","log_id":"b","occurred_at":1,"tenant_id":"c"})",
                      R"({"event_type":"a","log_id":"b","occurred_at":1,"other":1,"tenant_id":"c"})",
                      R"({"event_type":"a","log_id":"","occurred_at":1,"tenant_id":"c"})",
                      R"({"event_type":"a","log_id":"b","metadata":{"b":1,"a":1},"occurred_at":1,"tenant_id":"c"})",
                      R"({"event_type":"a","log_id":"b","metadata":{"a":1e400},"occurred_at":1,"tenant_id":"c"})",
                      R"({"event_type":"a","log_id":"b","metadata":[],"occurred_at":1,"tenant_id":"c"})",
                      R"({"event_type":"a","lock_kind":"none","log_id":"b","occurred_at":1,"tenant_id":"c"})",
                      R"({"event_type":"a","log_id":"b","occurred_at":1,"repaired":[],"tenant_id":"c"})",
                      R"({"event_type":"a","failed_login_attempts":-1,"log_id":"b","occurred_at":1,"tenant_id":"c"})",
                      "{\"event_type\":\"a\",\"log_id\":\"\xff\",\"occurred_at\":1,\"tenant_id\":\"c\"}"));

TEST(EncodedVersion, DecodesToTheSameVersion) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < kRounds / 4; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    Version version = testing::random_version(random);
    version.arrival = {static_cast<Ingress>(random() % 3), static_cast<std::uint32_t>(random()),
                       static_cast<std::uint32_t>(random())};
    const auto back = decode_version(encode_version(version, canonical_content(version.event)));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(*back, version);
  }
}

TEST(EncodedVersion, IsCorruptWhereverItIsCut) {
  std::mt19937_64 random(kSeed);
  const Version version = testing::random_version(random);
  const std::string bytes = encode_version(version, canonical_content(version.event));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto back = decode_version(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(back.has_value()) << size;
    EXPECT_EQ(back.error().kind(), ErrorKind::kCorrupt);
  }
}

TEST(EncodedVersion, IsCorruptWhicheverBitIsFlipped) {
  std::mt19937_64 random(kSeed);
  const Version version = testing::random_version(random);
  const std::string bytes = encode_version(version, canonical_content(version.event));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    EXPECT_FALSE(decode_version(damaged).has_value()) << i;
  }
}

TEST(EncodedVersion, IsCorruptWhenItIsGarbage) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    std::string garbage(random() % 300, '\0');
    for (char& c : garbage) {
      c = static_cast<char>(random());
    }
    EXPECT_FALSE(decode_version(garbage).has_value());
  }
}

}  // namespace
}  // namespace twinlog
