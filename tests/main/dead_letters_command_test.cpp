#include "agent/cli/dead_letters_command.h"

#include <gtest/gtest.h>

#include "agent/cli/query_text.h"

namespace twinlog {
namespace {

constexpr UtcMicros kRefusedAt = 1'764'000'000'123'456;
constexpr UtcMicros kHour = 3'600'000'000;

LetterView letter() {
  return {.store = StoreId::kMongodb,
          .leaf = 17,
          .tenant_id = "acme",
          .log_id = "e/\"1",
          .refused_at = utc_micros_text(kRefusedAt),
          .code = "121",
          .constraint = "",
          .where = "records",
          .words = "its rules do not allow it"};
}

TEST(LetterSelection, NothingGivenSelectsEveryLetterAndEachThingGivenMustHold) {
  const auto is_selected = [](const LetterSelection& selection) {
    return selects(selection, letter(), kRefusedAt + kHour);
  };
  EXPECT_TRUE(is_selected({}));
  EXPECT_TRUE(is_selected({.ids = {EventKey{"acme", "other"}, LetterId(std::uint64_t{17})}}));
  EXPECT_TRUE(is_selected({.ids = {EventKey{"acme", "e/\"1"}}, .store = StoreId::kMongodb, .code = "121"}));
  EXPECT_FALSE(is_selected({.ids = {LetterId(std::uint64_t{18})}}));
  EXPECT_FALSE(is_selected({.ids = {EventKey{"other", "e/\"1"}}}));
  EXPECT_FALSE(is_selected({.ids = {}, .store = StoreId::kPostgres}));
  EXPECT_FALSE(is_selected({.ids = {}, .store = {}, .code = ""}));
}

TEST(LetterSelection, OlderThanMeansRefusedLongerAgo) {
  LetterSelection selection;
  selection.older_than = std::chrono::hours{1};
  EXPECT_FALSE(selects(selection, letter(), kRefusedAt + kHour));
  EXPECT_TRUE(selects(selection, letter(), kRefusedAt + kHour + 1));
}

TEST(LetterId, IsALeafOrATenantWithALogIdThatMayHoldSlashes) {
  EXPECT_EQ(letter_id_from("17"), LetterId(std::uint64_t{17}));
  EXPECT_EQ(letter_id_from("acme/a/b"), LetterId(EventKey{"acme", "a/b"}));
  EXPECT_EQ(letter_id_from("7/7"), LetterId(EventKey{"7", "7"}));
  for (const char* text : {"", "0", "acme", "/e", "acme/", "-1", "18446744073709551616"}) {
    EXPECT_FALSE(letter_id_from(text)) << text;
  }
}

TEST(LeafRange, IsReadAsTheCheckPrintsIt) {
  EXPECT_EQ(leaf_range_from("5-9"), (LeafRange{5, 9}));
  EXPECT_EQ(leaf_range_from("5"), (LeafRange{5, 5}));
  for (const char* text : {"", "-", "5-", "-9", "9-5", "0-4", "5-9-11", "5 - 9", "a-b"}) {
    EXPECT_FALSE(leaf_range_from(text)) << text;
  }
}

TEST(LetterPage, IsReadAsItWasWritten) {
  LetterView written = letter();
  written.record = R"({"tenant_id":"acme"})";
  const auto read = read_letter(letter_json(written));
  ASSERT_TRUE(read);
  EXPECT_EQ(std::tie(read->store, read->leaf, read->tenant_id, read->log_id, read->refused_at, read->code, read->where,
                     read->words),
            std::tie(written.store, written.leaf, written.tenant_id, written.log_id, written.refused_at, written.code,
                     written.where, written.words));
  for (const char* text : {"", "{}", "[]", R"({"store":"redis","leaf":1})", R"({"store":"postgres","leaf":0})"}) {
    EXPECT_FALSE(read_letter(text)) << text;
  }
}

TEST(Query, ReadsBackWhateverValueWasWritten) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) {
    every += static_cast<char>(byte);
  }
  const auto read = read_query("reason=" + query_value(every) + "&after=7&empty=");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (std::map<std::string, std::string>{{"reason", every}, {"after", "7"}, {"empty", ""}}));
}

TEST(Query, RefusesBrokenEscapesNamelessMembersAndRepetitions) {
  for (const char* query : {"a=%", "a=%4", "a=%zz", "a=%+1", "=1", "a=1&a=2", "&a=1"}) {
    EXPECT_FALSE(read_query(query)) << query;
  }
}

TEST(Reason, IsOneLineOfAtMost500Bytes) {
  EXPECT_EQ(check_reason("disk of node 3, ersetzt für immer"), "");
  EXPECT_EQ(check_reason(std::string(kReasonBytesMost, 'x')), "");
  for (const std::string& reason : {std::string(), std::string(kReasonBytesMost + 1, 'x'), std::string("a\nb"),
                                    std::string("a\0b", 3), std::string("\x7f")}) {
    EXPECT_NE(check_reason(reason), "");
  }
}

}  // namespace
}  // namespace twinlog
