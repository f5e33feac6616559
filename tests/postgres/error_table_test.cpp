// The table of stores.md section 6 once more, written by hand from the manual's list of codes: one row per code.
#include "plugins/postgres/error_table.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace twinlog::postgres {
namespace {

struct Expected {
  const char* code;
  const char* constraint;
  Reaction reaction;
};

class PostgresErrorTable : public ::testing::TestWithParam<Expected> {};

TEST_P(PostgresErrorTable, GivesEachCodeItsReaction) {
  const StoreError error = classify(GetParam().code, GetParam().constraint);
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(GetParam().reaction));
  EXPECT_EQ(error.code, GetParam().code);
  EXPECT_EQ(error.constraint, GetParam().constraint);
  EXPECT_FALSE(error.words.empty());
}

using enum Reaction;
INSTANTIATE_TEST_SUITE_P(Codes, PostgresErrorTable,
                         ::testing::Values(Expected{"", "", kReconnect}, Expected{"08000", "", kReconnect},
                                           Expected{"08001", "", kReconnect}, Expected{"08003", "", kReconnect},
                                           Expected{"08004", "", kReconnect}, Expected{"08006", "", kReconnect},
                                           Expected{"08P01", "", kReconnect}, Expected{"57P01", "", kReconnect},
                                           Expected{"57P02", "", kReconnect}, Expected{"57P03", "", kReconnect},
                                           Expected{"57P05", "", kReconnect}, Expected{"53300", "", kReconnect},
                                           Expected{"53200", "", kReconnect}, Expected{"55006", "", kReconnect},
                                           Expected{"25006", "", kReconnect}, Expected{"40003", "", kReconnect},
                                           Expected{"40001", "", kRetrySmaller}, Expected{"40P01", "", kRetrySmaller},
                                           Expected{"55P03", "", kRetrySmaller}, Expected{"57014", "", kRetrySmaller},
                                           Expected{"53100", "", kRetrySlowly}, Expected{"53400", "", kRetrySlowly},
                                           Expected{"58030", "", kRetrySlowly}, Expected{"54000", "", kRetrySlowly},
                                           Expected{"25P02", "", kReconnect}, Expected{"25P03", "", kReconnect},
                                           Expected{"2D000", "", kReconnect}, Expected{"26000", "", kReconnect},
                                           Expected{"42P05", "", kReconnect}));
INSTANTIATE_TEST_SUITE_P(Data, PostgresErrorTable,
                         ::testing::Values(Expected{"22P02", "", kPoison}, Expected{"22P03", "", kPoison},
                                           Expected{"22P05", "", kPoison}, Expected{"22021", "", kPoison},
                                           Expected{"22003", "", kPoison}, Expected{"22008", "", kPoison},
                                           Expected{"22001", "", kPoison}, Expected{"22007", "", kPoison},
                                           Expected{"54001", "", kPoison}, Expected{"54000", "an_index", kPoison},
                                           Expected{"23502", "", kPoison}, Expected{"23503", "a_key", kPoison},
                                           Expected{"23505", "an_index", kPoison},
                                           Expected{"23514", "a_check", kPoison}, Expected{"23P01", "x", kPoison},
                                           Expected{"21000", "", kPoison}));
INSTANTIATE_TEST_SUITE_P(
    Operator, PostgresErrorTable,
    ::testing::Values(Expected{"23514", "", kHold}, Expected{"42501", "", kHold}, Expected{"42P01", "", kHold},
                      Expected{"42703", "", kHold}, Expected{"42P10", "", kHold}, Expected{"42804", "", kHold},
                      Expected{"3D000", "", kHold}, Expected{"3F000", "", kHold}, Expected{"28000", "", kHold},
                      Expected{"28P01", "", kHold}, Expected{"0A000", "", kHold}, Expected{"57P04", "", kHold},
                      Expected{"XX001", "", kStop}, Expected{"XX002", "", kStop}, Expected{"XX000", "", kRetry},
                      Expected{"P0001", "", kRetry}, Expected{"ZZ999", "", kRetry}));

TEST(PostgresErrorTableShape, WholeCodesStandBeforeClasses) {
  const auto table = error_table();
  const auto first_class =
      std::find_if(table.begin(), table.end(), [](const ErrorRow& row) { return row.code.size() == 2; });
  ASSERT_NE(first_class, table.end());
  EXPECT_TRUE(std::all_of(table.begin(), first_class, [](const ErrorRow& row) { return row.code.size() == 5; }));
  EXPECT_TRUE(std::all_of(first_class, table.end(), [](const ErrorRow& row) { return row.code.size() == 2; }));
}

}  // namespace
}  // namespace twinlog::postgres
