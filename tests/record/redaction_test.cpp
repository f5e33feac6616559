#include "ledger/record/redaction.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace twinlog {
namespace {

constexpr std::string_view kJwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

std::string cleaned(std::string_view text) {
  RedactionCounts counts{};
  return redacted(text, counts).value_or("unchanged");
}

class SecretKey : public ::testing::TestWithParam<std::string_view> {};
TEST_P(SecretKey, IsRecognised) {
  EXPECT_TRUE(is_secret_key(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(Keys, SecretKey,
                         ::testing::Values("password", "Password", "PASSWORD", "userPassword", "user_password",
                                           "user-passwd", "db.pwd", "clientSecret", "access_token", "accessToken",
                                           "IDToken", "X-Auth-Token", "Authorization", "proxy-authorization",
                                           "Set-Cookie", "otp", "smsOTP", "password_", "__token__", "private_key",
                                           "privateKey", "sshPrivateKey", "client_secret", "api_key", "X-API-Key",
                                           "APIKey", "apiKey", "my.api.key"));

class PlainKey : public ::testing::TestWithParam<std::string_view> {};
TEST_P(PlainKey, IsLeftAlone) {
  EXPECT_FALSE(is_secret_key(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(Keys, PlainKey,
                         ::testing::Values("", "_", "password_hash", "token_type", "tokens", "secretary", "key",
                                           "public_key", "keyboard", "tokenId", "cookie_count", "laptop", "mytoken2"));

TEST(Redaction, ReplacesAWholeStringThatIsASecret) {
  EXPECT_EQ(cleaned(kJwt), "[redacted:jwt]");
  EXPECT_EQ(cleaned("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."), "[redacted:jwt]");
  EXPECT_EQ(cleaned("eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn"), "[redacted:jwt]");
  EXPECT_EQ(cleaned("Bearer abc"), "[redacted:bearer]");
  EXPECT_EQ(cleaned("bearer   a b c"), "[redacted:bearer]");
  EXPECT_EQ(cleaned("Basic dXNlcjpwYXNz"), "[redacted:basic]");
  EXPECT_EQ(cleaned("-----BEGIN PRIVATE KEY-----\xEF\xBF\xBDMII\xEF\xBF\xBD-----END PRIVATE KEY-----"),
            "[redacted:pem]");
}

TEST(Redaction, ReplacesOnlyTheSecretInsideOfOtherText) {
  EXPECT_EQ(cleaned("token " + std::string(kJwt) + " expired"), "token [redacted:jwt] expired");
  EXPECT_EQ(cleaned(std::string(kJwt) + "," + std::string(kJwt)), "[redacted:jwt],[redacted:jwt]");
  EXPECT_EQ(cleaned("Authorization: Bearer abcdef123; x"), "Authorization: [redacted:bearer]; x");
  EXPECT_EQ(cleaned("with Basic dXNlcjpwYXNz sent"), "with [redacted:basic] sent");
  EXPECT_EQ(cleaned("key: -----BEGIN RSA PRIVATE KEY----- MII"), "key: [redacted:pem]");
  EXPECT_EQ(cleaned("Bearer " + std::string(kJwt)), "[redacted:bearer]");
}

TEST(Redaction, LeavesPlainWordsAlone) {
  for (const std::string_view text :
       {"", "Bearer", "Bearer ", "Basic", "basically nothing", "use basic auth here", "a bearer authentication failed",
        "eyJ", "eyJabcd.x", "eyJ.a.b", "xBearer", "Mozilla/5.0 (X11; Linux x86_64)", "-----BEGIN", "[redacted:jwt]"}) {
    EXPECT_EQ(cleaned(text), "unchanged") << text;
  }
}

TEST(Redaction, TakesTimeInProportionToTheTextOnly) {  // A quadratic search would take minutes here.
  std::string starts;
  for (int i = 0; i < 300'000; ++i) {
    starts.append("eyJ");
  }
  EXPECT_EQ(cleaned(starts), "unchanged");
  EXPECT_EQ(cleaned(starts + ".a"), "unchanged");
  EXPECT_EQ(cleaned(starts + "-bearer abcdef12"), starts + "-[redacted:bearer]");
  EXPECT_EQ(cleaned("a." + starts + ".b.c"), "a.[redacted:jwt]");
}

TEST(Redaction, IsCountedByRule) {
  RedactionCounts counts{};
  EXPECT_TRUE(redacted("x " + std::string(kJwt) + " -----BEGIN X", counts).has_value());
  EXPECT_EQ(counts, (RedactionCounts{0, 1, 0, 0, 1}));
}

}  // namespace
}  // namespace twinlog
