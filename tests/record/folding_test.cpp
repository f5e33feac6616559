#include "ledger/record/folding.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/record/auth_event.h"

namespace twinlog {
namespace {

class FoldedName : public ::testing::TestWithParam<std::pair<std::string_view, std::string_view>> {};

TEST_P(FoldedName, IsCaseFoldedComposedAndTrimmed) {
  EXPECT_EQ(fold_username(GetParam().first), GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(Names, FoldedName,
                         ::testing::Values(std::pair("", ""), std::pair("Bob", "bob"), std::pair("  A b  ", "a b"),
                                           std::pair("   ", ""), std::pair("\u00a0\u3000\u2028X\u0085\u202f", "x"),
                                           std::pair("\u200bx", "\u200bx"), std::pair("\u00df", "ss"),
                                           std::pair("\u1e9e", "ss"), std::pair("E\u0301", "\u00e9"),
                                           std::pair("\u00c9", "\u00e9"), std::pair("\u03a3\u03c2", "\u03c3\u03c3"),
                                           std::pair("\u0130", "i\u0307"), std::pair("\u0131", "\u0131"),
                                           std::pair("\u212a", "k"), std::pair("\ufb01", "fi"),
                                           std::pair("\u13a0", "\u13a0"), std::pair("\U00010400", "\U00010428"),
                                           std::pair("\uFFFD", "\uFFFD"), std::pair("a\u0323\u0307", "\u1ea1\u0307")));

AuthEvent event_of(std::string type, std::optional<std::string> user_id, std::optional<std::string> username) {
  AuthEvent event;
  event.event_type = std::move(type);
  event.user_id = std::move(user_id);
  event.username = std::move(username);
  event.account = account_of(event);
  return event;
}

using Accounts = std::vector<std::string>;

TEST(AccountsOfAnEvent, AreBothNamesForAllButFailures) {
  for (const char* type : {"login_success", "account_locked", "lockout_reset"}) {
    EXPECT_EQ(accounts_of(event_of(type, "7", "Bob")), (Accounts{"id:7", "name:bob"}));
    EXPECT_EQ(accounts_of(event_of(type, "7", " ")), (Accounts{"id:7"}));
    EXPECT_EQ(accounts_of(event_of(type, std::nullopt, "Bob")), (Accounts{"name:bob"}));
  }
}

TEST(AccountsOfAnEvent, IsItsAccountForAFailure) {
  EXPECT_EQ(accounts_of(event_of("login_failed", "7", "Bob")), (Accounts{"id:7"}));
  EXPECT_EQ(accounts_of(event_of("login_failed", std::nullopt, "Bob")), (Accounts{"name:bob"}));
  EXPECT_EQ(accounts_of(event_of("login_failed", std::nullopt, std::nullopt)), Accounts{});
}

TEST(AccountsOfAnEvent, AreNoneForOtherTypes) {
  EXPECT_EQ(accounts_of(event_of("logout", "7", "Bob")), Accounts{});
}

TEST(Folding, SaysItsUnicodeVersion) {
  EXPECT_FALSE(folding_unicode_version().empty());
}

}  // namespace
}  // namespace twinlog
