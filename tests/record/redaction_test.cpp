// Properties of redaction on any text; what it does to which is in the corpus (redaction_corpus_test.cpp).
#include "ledger/record/redaction.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace twinlog {
namespace {

constexpr std::string_view kJwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
constexpr std::uint64_t kSeed = 20'261'127;
constexpr int kRounds = 30'000;

constexpr auto kPieces = std::to_array<std::string_view>({"password",
                                                          "token",
                                                          "Cookie",
                                                          "Authorization",
                                                          "pin",
                                                          "pw",
                                                          "sid",
                                                          "sessionId",
                                                          "response",
                                                          "pwd",
                                                          "X-Api-Key",
                                                          "=",
                                                          ":",
                                                          "=",
                                                          "%3D",
                                                          "%26",
                                                          "%20",
                                                          "\"",
                                                          "'",
                                                          "\\",
                                                          "\\\"",
                                                          "&",
                                                          ";",
                                                          ",",
                                                          "|",
                                                          " ",
                                                          "\xEF\xBF\xBD",
                                                          "\\n",
                                                          "\\u0026",
                                                          "{",
                                                          "}",
                                                          "[",
                                                          "]",
                                                          "(",
                                                          ")",
                                                          "<",
                                                          ">",
                                                          "/",
                                                          "?",
                                                          "#",
                                                          "@",
                                                          "://",
                                                          ":\\/\\/",
                                                          "https",
                                                          "=>",
                                                          "Bearer",
                                                          "basic",
                                                          "Digest",
                                                          "Token",
                                                          "AbCdEf0123456789",
                                                          "dXNlcjpwYXNz",
                                                          "hunter2",
                                                          "x",
                                                          "eyJhbGciOiJIUzI1NiJ9",
                                                          kJwt,
                                                          "eyJ",
                                                          "e30",
                                                          ".",
                                                          "ghp_0123456789abcdef",
                                                          "AKIAIOSFODNN7EXAMPLE",
                                                          "AIza",
                                                          "v2.local.",
                                                          "-----BEGIN PRIVATE KEY-----",
                                                          "-----END PRIVATE KEY-----",
                                                          "-----",
                                                          "MIIE",
                                                          "[redacted:key]",
                                                          "[redacted:jwt]",
                                                          "[redacted:",
                                                          "failed",
                                                          "3",
                                                          "100",
                                                          "true",
                                                          "2024-02-29T12:00:00Z",
                                                          "6629fae49393a05397450978507c4ef1",
                                                          "\u00e9",
                                                          "b'",
                                                          "_",
                                                          "-",
                                                          "%",
                                                          "denied for",
                                                          "New",
                                                          "confirm"});

std::string random_text(std::mt19937_64& random, std::size_t most_pieces) {
  std::string text;
  for (std::size_t i = 1 + random() % most_pieces; i > 0; --i) {
    text += kPieces[random() % kPieces.size()];
  }
  return text;
}

std::uint64_t sum(const RedactionCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::size_t marks_in(std::string_view text) {
  std::size_t marks = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    marks += mark_size(text.substr(i)) > 0 ? 1U : 0U;
  }
  return marks;
}

// True when `before` is `after` with something in place of each mark: every other byte is there, in order. `after` is
// matched from the left, each stretch between marks at its first place, which is found whenever there is one.
bool differs_in_marks_only(std::string_view before, std::string_view after) {
  std::vector<std::string_view> stretches;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < after.size();) {
    const std::size_t size = mark_size(after.substr(i));
    if (size > 0) {
      stretches.push_back(after.substr(begin, i - begin));
      begin = i + size;
    }
    i += std::max<std::size_t>(size, 1);
  }
  const std::string_view last = after.substr(begin);
  std::size_t at = 0;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const std::size_t found =
        i == 0 ? (before.starts_with(stretches[0]) ? 0 : std::string_view::npos) : before.find(stretches[i], at);
    if (found == std::string_view::npos) {
      return false;
    }
    at = found + stretches[i].size();
  }
  return before.size() >= at + last.size() && before.ends_with(last) && (!stretches.empty() || before == after);
}

TEST(Redaction, DoneTwiceChangesNothingAndCountsNothing) {
  std::mt19937_64 random(kSeed);
  std::uint64_t taken = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = random_text(random, 16);
    RedactionCounts counts{};
    const auto once = redacted(text, counts);
    taken += sum(counts);
    RedactionCounts none{};
    EXPECT_FALSE(redacted(once.value_or(text), none).has_value()) << "seed " << kSeed << ": " << text;
    EXPECT_EQ(sum(none), 0U);
  }
  EXPECT_GT(taken, static_cast<std::uint64_t>(kRounds) / 10) << "the texts hold secrets";
}

TEST(Redaction, ChangesNothingButTheSecretPart) {
  std::mt19937_64 random(kSeed + 1);
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = random_text(random, 16);
    RedactionCounts counts{};
    const std::string kept = redacted(text, counts).value_or(text);
    EXPECT_TRUE(differs_in_marks_only(text, kept)) << "seed " << kSeed << ": " << text << "\n" << kept;
    EXPECT_GE(marks_in(kept), sum(counts)) << text;
  }
}

TEST(Redaction, OfANameIsAllOrNothingAndStays) {
  std::mt19937_64 random(kSeed + 2);
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = random_text(random, 4);
    RedactionCounts counts{};
    const auto once = redacted_name(text, counts);
    EXPECT_EQ(sum(counts), once ? 1U : 0U);
    EXPECT_FALSE(redacted_name(once.value_or(text), counts).has_value()) << "seed " << kSeed << ": " << text;
  }
}

TEST(Redaction, IsCountedByRule) {
  RedactionCounts counts{};
  EXPECT_TRUE(redacted("x " + std::string(kJwt) + " password=a&token=b -----BEGIN PRIVATE KEY----- MII", counts));
  EXPECT_EQ(counts, (RedactionCounts{2, 1, 0, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(Redaction, KnowsAMarkAlsoWhenItIsCutAtTheEnd) {
  EXPECT_EQ(mark_size("[redacted:key]x"), 14U);
  EXPECT_EQ(mark_size("[redacted:key"), 13U);
  EXPECT_EQ(mark_size("[red"), 4U);
  EXPECT_EQ(mark_size("[redacted:other]"), 0U);
  EXPECT_EQ(mark_size("x"), 0U);
  RedactionCounts counts{};
  EXPECT_FALSE(redacted("a password=[redac", counts).has_value());
}

class HostileText : public ::testing::TestWithParam<std::string_view> {};
// A search that looks again and again at the same bytes would take minutes for each; a linear one is done at once.
TEST_P(HostileText, IsLookedAtInProportionToItsLength) {
  for (const std::string_view front : {"", "password="}) {
    std::string text(front);
    while (text.size() < std::size_t{1} << 17U) {
      text += GetParam();
    }
    RedactionCounts counts{};
    const std::string kept = redacted(text, counts).value_or(text);
    EXPECT_EQ(kept == text, sum(counts) == 0);
  }
}
INSTANTIATE_TEST_SUITE_P(Parts, HostileText,
                         ::testing::Values("eyJ", "eyJ.", "eyJhIjoxfQ.", "eyJhIjp7", "bearer ", "bearer/", "basic YWE6",
                                           "Token  ", "=", "a=", "a =", " = ", ":", "\":", "\"a\":", "'", "\\\"",
                                           "\\\\", "password", "password:", "password :", "password=,",
                                           "password=failed,a", "x,a", "authorization: ", "authorization: a b ",
                                           "cookie:ok", "\"token\":[", "\"token\":3 ", "{",
                                           "[redacted:", "[redacted:key]", "://", "://a:", "://a:b@", "://a:b/", "@",
                                           "%3D", "%", "a%26", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ",
                                           "-----END ", "ghp_", "AKIA", "v2.local.", "pwd=/a ", "response=6",
                                           "\xEF\xBF\xBD", "\\n", "token=\"\\", "sid=S;"));

}  // namespace
}  // namespace twinlog
