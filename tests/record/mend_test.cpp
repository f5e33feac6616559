#include "ledger/record/mend.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

struct Mending {
  std::string_view raw;
  std::string_view mended;
};

class MendedString : public ::testing::TestWithParam<Mending> {};

TEST_P(MendedString, HasReplacementCharacters) {
  const auto [raw, mended] = GetParam();
  const MendedJson result = mend_json("\"" + std::string(raw) + "\"");
  EXPECT_TRUE(result.is_balanced);
  EXPECT_EQ(result.text, "\"" + std::string(mended) + "\"");
  EXPECT_EQ(result.mended_strings.size(), raw == mended ? 0U : 1U);
}

#define FFFD "\xEF\xBF\xBD"  // NOLINT: joins string literals.

INSTANTIATE_TEST_SUITE_P(
    Characters, MendedString,
    ::testing::Values(Mending{"", ""}, Mending{"plain \x7F \xC2\x80", "plain \x7F \xC2\x80"},
                      Mending{"a\tb\nc\rd", "a" FFFD "b" FFFD "c" FFFD "d"},
                      Mending{std::string_view("a\0b", 3), "a" FFFD "b"}, Mending{"\x01\x1F", FFFD FFFD},
                      Mending{R"(\b\f\n\r\t)", FFFD FFFD FFFD FFFD FFFD}, Mending{R"(\u0000\u001f)", FFFD FFFD},
                      Mending{R"(\"\\\/ A \u00e9)", R"(\"\\\/ A \u00e9)"}, Mending{R"(\\u0000)", R"(\\u0000)"},
                      Mending{R"(\ud83d\ude00)", R"(\ud83d\ude00)"}, Mending{R"(\uD83D\uDE00)", R"(\uD83D\uDE00)"},
                      Mending{R"(\ud800)", FFFD}, Mending{R"(\udc00x)", FFFD "x"},
                      Mending{R"(\ud800\ud800)", FFFD FFFD}, Mending{R"(\ud800A)", FFFD R"(A)"},
                      Mending{R"(\ude00\ud83d)", FFFD FFFD}));

// One replacement for each maximal ill-formed subpart, as Python's bytes.decode("utf-8", "replace") does it.
INSTANTIATE_TEST_SUITE_P(
    InvalidUtf8, MendedString,
    ::testing::Values(Mending{"\x80", FFFD}, Mending{"\xFF\xFE", FFFD FFFD}, Mending{"\xC0\xAF", FFFD FFFD},
                      Mending{"\xC2", FFFD},
                      Mending{"\xC2"
                              "a",
                              FFFD "a"},
                      Mending{"\xE0\x80\x80", FFFD FFFD FFFD}, Mending{"\xE1\x80", FFFD},
                      Mending{"\xE1\x80"
                              "a",
                              FFFD "a"},
                      Mending{"\xED\xA0\x80", FFFD FFFD FFFD}, Mending{"\xEE\x80\x80", "\xEE\x80\x80"},
                      Mending{"\xF0\x80\x80\x80", FFFD FFFD FFFD FFFD}, Mending{"\xF0\x9F\x98", FFFD},
                      Mending{"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"}, Mending{"\xF4\x90\x80\x80", FFFD FFFD FFFD FFFD},
                      Mending{"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"}, Mending{"\xF5", FFFD},
                      Mending{"\xF1\x80\x80\xE1\x80\xC2", FFFD FFFD FFFD}));

TEST(Mending, NamesTheStringsThatItChanged) {
  const MendedJson mended = mend_json("{\"a\":\"\x01\",\"\x02\":\"b\"}");
  ASSERT_EQ(mended.mended_strings.size(), 2U);
  EXPECT_EQ(mended.text.substr(mended.mended_strings[0] - 1, 5), "\"" FFFD "\"");
  EXPECT_EQ(mended.text.substr(mended.mended_strings[1] - 1, 5), "\"" FFFD "\"");
}

TEST(Mending, MarksNumbersThatTheParserWouldRefuse) {
  EXPECT_EQ(mend_json("[1e999,-1E-9,12]").text, R"(["\u00001e999","\u0000-1E-9",12])");
  const std::string digits(301, '7');
  EXPECT_EQ(mend_json("[" + digits + "]").text, "[\"\\u0000" + digits + "\"]");
}

TEST(Mending, LeavesWhatIsNoNumberToTheParser) {
  EXPECT_EQ(mend_json("[1e,01e5,1e5.5]").text, "[1e,01e5,1e5.5]");
}

class Unbalanced : public ::testing::TestWithParam<std::string_view> {};

TEST_P(Unbalanced, IsSeenBeforeParsing) {
  EXPECT_FALSE(mend_json(GetParam()).is_balanced);
}

INSTANTIATE_TEST_SUITE_P(Texts, Unbalanced,
                         ::testing::Values("{", "[[]", "]", "{}}", R"("abc)", R"("abc\)", R"("\x41")", R"("\u12G4")",
                                           R"("\u12)", std::string_view("{}\0", 3), "{}\x01"));

TEST(CutText, EndsBetweenCharacters) {
  EXPECT_EQ(cut_text("abc", 3), "abc");
  EXPECT_EQ(cut_text("abcd", 3), "abc");
  EXPECT_EQ(cut_text("ab\xC3\xA9", 3), "ab");
  EXPECT_EQ(cut_text("\xF0\x9F\x98\x80x", 4), "\xF0\x9F\x98\x80");
  EXPECT_EQ(cut_text("\xF0\x9F\x98\x80x", 3), "");
}

TEST(Utf16Order, PutsSurrogatesBeforeTheLastOfTheBasicPlane) {
  EXPECT_TRUE(utf16_less("\U0001F600", "\uFB33"));
  EXPECT_FALSE(utf16_less("\uFB33", "\U0001F600"));
  EXPECT_TRUE(utf16_less("\uD7FF", "\U0001F600"));
  EXPECT_TRUE(utf16_less("\U00010000", "\U0010FFFF"));
  EXPECT_TRUE(utf16_less("\uE000", "\uF000"));
  EXPECT_TRUE(utf16_less("a", "aa"));
  EXPECT_FALSE(utf16_less("a", "a"));
}

}  // namespace
}  // namespace twinlog
