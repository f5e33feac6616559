// What names say; most of it is in the corpus (redaction_corpus_test.cpp).
#include "ledger/record/secret_key.h"

#include <gtest/gtest.h>

#include <string>

namespace twinlog {
namespace {

TEST(KeyKind, TellsNamesOfHeadersFoldersAndSessionsApart) {
  EXPECT_EQ(key_kind("Proxy-Authorization"), KeyKind::kHeader);
  EXPECT_EQ(key_kind("old_pwd"), KeyKind::kPwd);
  EXPECT_EQ(key_kind("ASP.NET_SessionId"), KeyKind::kSession);
  EXPECT_EQ(key_kind("response"), KeyKind::kSignature);
  EXPECT_EQ(key_kind("apiKey"), KeyKind::kSecret);
  EXPECT_EQ(key_kind("api_key_type"), KeyKind::kPlain);
}

TEST(KeyKind, LooksAtTheLast256BytesOnly) {
  EXPECT_TRUE(is_secret_key(std::string(10'000, 'x') + "_password"));
  EXPECT_TRUE(is_secret_key("password" + std::string(248, '_')));
  EXPECT_FALSE(is_secret_key("password" + std::string(249, '_')));
}

TEST(KeyKind, IsNotThatOfAMark) {
  EXPECT_FALSE(is_secret_key("[redacted:jwt]"));
  EXPECT_TRUE(is_secret_key("password[redacted:jwt]"));
  EXPECT_TRUE(is_secret_key("[redacted:jwt]_otp"));
}

TEST(PlainValue, OfMoreThan64BytesIsAPathOnly) {
  EXPECT_TRUE(is_plain_value(KeyKind::kSecret, "2024-02-29T12:00:00.000000Z"));
  EXPECT_FALSE(is_plain_value(KeyKind::kSecret, "2024-02-29T12:00:00." + std::string(60, '0') + "Z"));
  EXPECT_TRUE(is_plain_value(KeyKind::kPwd, "/srv/" + std::string(100, 'a')));
  EXPECT_FALSE(is_plain_value(KeyKind::kSecret, "/srv/a"));
  EXPECT_FALSE(is_plain_value(KeyKind::kSecret, ""));
}

TEST(Count, IsANumberBelow100) {
  for (const char* count : {"0", "99", "99.99", "9.9e1", "-5", "-0"}) {
    EXPECT_TRUE(is_count(count)) << count;
  }
  for (const char* number : {"100", "1e2", "100.5", "813204", "1e400", "12345678901234567890"}) {
    EXPECT_FALSE(is_count(number)) << number;
  }
}

}  // namespace
}  // namespace twinlog
