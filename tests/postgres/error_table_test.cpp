// The table of errors once more, written by hand from the manual's list of codes: one row per code.
#include "plugins/postgres/error_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

namespace twinlog::postgres {
namespace {

struct Expected {
  const char* code;
  const char* constraint;
  Reaction reaction;
};

using enum Reaction;
constexpr Expected kExpected[] = {
    {"", "", kReconnect},          {"08000", "", kReconnect},    {"08001", "", kReconnect},
    {"08003", "", kReconnect},     {"08004", "", kReconnect},    {"08006", "", kReconnect},
    {"08P01", "", kReconnect},     {"57P01", "", kReconnect},    {"57P02", "", kReconnect},
    {"57P03", "", kReconnect},     {"57P05", "", kReconnect},    {"53300", "", kReconnect},
    {"53200", "", kReconnect},     {"55006", "", kReconnect},    {"25006", "", kReconnect},
    {"40003", "", kReconnect},     {"40001", "", kRetrySmaller}, {"40P01", "", kRetry},
    {"55P03", "", kRetry},         {"57014", "", kRetrySmaller}, {"53100", "", kRetrySlowly},
    {"53400", "", kRetrySlowly},   {"58030", "", kRetrySlowly},  {"54000", "", kRetrySlowly},
    {"25P02", "", kReconnect},     {"25P03", "", kReconnect},    {"2D000", "", kReconnect},
    {"26000", "", kReconnect},     {"42P05", "", kReconnect},    {"22P02", "", kPoison},
    {"22P03", "", kPoison},        {"22P05", "", kPoison},       {"22021", "", kPoison},
    {"22003", "", kPoison},        {"22008", "", kPoison},       {"22001", "", kPoison},
    {"22007", "", kPoison},        {"54001", "", kPoison},       {"54000", "an_index", kPoison},
    {"23502", "", kPoison},        {"23503", "a_key", kPoison},  {"23505", "an_index", kPoison},
    {"23514", "a_check", kPoison}, {"23P01", "x", kPoison},      {"21000", "", kPoison},
    {"23514", "", kHold},          {"42501", "", kHold},         {"42P01", "", kHold},
    {"42703", "", kHold},          {"42P10", "", kHold},         {"42804", "", kHold},
    {"3D000", "", kHold},          {"3F000", "", kHold},         {"28000", "", kHold},
    {"28P01", "", kHold},          {"0A000", "", kHold},         {"57P04", "", kHold},
    {"XX001", "", kStop},          {"XX002", "", kStop},         {"XX000", "", kRetry},
    {"P0001", "", kRetry},         {"ZZ999", "", kRetry},        {"55000", "", kHold},
};

class PostgresErrorTable : public ::testing::TestWithParam<Expected> {};

TEST_P(PostgresErrorTable, GivesEachCodeItsReaction) {
  const StoreError error = classify(GetParam().code, GetParam().constraint);
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(GetParam().reaction));
  EXPECT_EQ(error.code, GetParam().code);
  EXPECT_EQ(error.constraint, GetParam().constraint);
  EXPECT_FALSE(error.words.empty());
}

INSTANTIATE_TEST_SUITE_P(Codes, PostgresErrorTable, ::testing::ValuesIn(kExpected));

struct LocalExpected {
  const char* name;
  const char* message;
  Reaction reaction;
  const char* words;
};

class PostgresLocalErrors : public ::testing::TestWithParam<LocalExpected> {};

TEST_P(PostgresLocalErrors, AreToldApartAndNeverQuoted) {
  const StoreError error = classify_local(GetParam().message);
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(GetParam().reaction));
  EXPECT_EQ(error.code, "");
  EXPECT_NE(error.words.find(GetParam().words), std::string::npos) << error.words;
  EXPECT_EQ(error.words.find("SECRET"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Messages, PostgresLocalErrors,
    ::testing::Values(
        LocalExpected{"NobodyListens", "connection to server at \"SECRET\", port 1 failed: Connection refused",
                      kReconnect, "check that the server runs"},
        LocalExpected{"WrongName", "server certificate for \"SECRET\" does not match host name \"SECRET\"", kHold,
                      "certificates do not fit"},
        LocalExpected{"WrongAuthority", "SSL error: certificate verify failed", kHold, "certificates do not fit"},
        LocalExpected{"NoUserName", "could not look up local user ID 45678", kHold, "names no user"},
        LocalExpected{"OpenKey", "private key file \"SECRET\" has group or world access; file must have permissions",
                      kHold, "mode"},
        LocalExpected{"NoKey", "certificate present, but not private key file \"SECRET\"", kHold, "sslkey"},
        LocalExpected{"NoChannelBinding", "channel binding required, but SSL not in use", kHold, "channel_binding"},
        LocalExpected{"NoRootFile", "root certificate file \"SECRET\" does not exist", kHold, "sslrootcert"},
        LocalExpected{"NoTls", "server does not support SSL, but SSL was required", kHold, "ssl = on"},
        LocalExpected{"BrokenTls", "SSL error: wrong version number", kHold, "ssl = on"},
        LocalExpected{"LostInTheHandshake", "SSL SYSCALL error: EOF detected", kReconnect,
                      "check that the server runs"},
        LocalExpected{"NoSuchName", "could not translate host name \"SECRET\" to address: Name or service not known",
                      kReconnect, "cannot be resolved"}),
    [](const auto& row) { return std::string(row.param.name); });

/// The row that answers for a code: the first that speaks of it. Null where none does.
const ErrorRow* row_of(const Expected& expected) {
  for (const ErrorRow& row : error_table()) {
    const bool has_name = *expected.constraint != '\0';
    const bool is_meant = row.named == Named::kAny || (row.named == Named::kWithName) == has_name;
    if (is_meant && std::string_view(expected.code).starts_with(row.code)) {
      return &row;
    }
  }
  return nullptr;
}

TEST(PostgresErrorTableShape, EachRowHasATestAndStandsOnce) {
  std::set<const ErrorRow*> tested;
  for (const Expected& expected : kExpected) {
    tested.insert(row_of(expected));
  }
  std::set<std::pair<std::string_view, Named>> seen;
  for (const ErrorRow& row : error_table()) {
    EXPECT_EQ(tested.count(&row), 1U) << "no test of the row " << row.code;
    EXPECT_TRUE(seen.emplace(row.code, row.named).second) << row.code << " stands twice";
    EXPECT_FALSE(row.words.empty());
  }
}

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
