#include "config/substitute.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/loading.h"

namespace twinlog {
namespace {

using ::testing::HasSubstr;
using ::twinlog::testing::all_words;
using ::twinlog::testing::load_with;
using ::twinlog::testing::places;
using Places = std::vector<std::string>;

std::string substituted(const std::string& text) {
  RawValue value = RawValue::of_text(text);
  std::set<std::string> used;
  const auto mistake = substitute(value, {{"A", "1"}, {"_b2", "two"}, {"EMPTY", ""}, {"NESTED", "${A}"}}, used);
  return mistake ? "mistake: " + *mistake : value.text;
}

TEST(Substitute, ReplacesEveryVariableAndLooksIntoNoneOfThem) {
  EXPECT_EQ(substituted("x${A}y${_b2}${EMPTY}z"), "x1ytwoz");
  EXPECT_EQ(substituted("${NESTED}"), "${A}");
}

TEST(Substitute, ADoubledDollarBeforeABraceIsTheCharactersThemselves) {
  EXPECT_EQ(substituted("$${A}${A}"), "${A}1");
  EXPECT_EQ(substituted("$${"), "${");
}

TEST(Substitute, ADollarBeforeAnythingElseIsItself) {
  EXPECT_EQ(substituted("$A $$ a$ $"), "$A $$ a$ $");
}

TEST(Substitute, AnUnfinishedOrOddNameIsAMistake) {
  for (const char* text : {"${", "${A", "${}", "${1A}", "${A B}", "x${A-}"}) {
    EXPECT_THAT(substituted(text), HasSubstr("mistake: holds a ${")) << text;
  }
}

TEST(Substitute, AnUnsetVariableIsAMistakeAtTheLineOfItsKey) {
  const LoadedSettings loaded = load_with("agent.name = \"a\"\nintake.allow_tenants = [\"x\",\n \"${NOWHERE}\"]\n");
  EXPECT_EQ(places(loaded), (Places{"f.toml:4: intake.allow_tenants"}));
  EXPECT_THAT(all_words(loaded), HasSubstr("uses ${NOWHERE}, which is not set in the environment"));
}

TEST(Substitute, HappensInTheStringsOfTheFile) {
  const LoadedSettings loaded =
      load_with("intake.allow_tenants = [\"t-${X}\"]\nstores.mongodb.password = \"${X}\"\n", {{"X", "acme"}});
  ASSERT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
  EXPECT_EQ(loaded.settings.intake.allow_tenants, Places{"t-acme"});
  EXPECT_EQ(loaded.settings.mongodb.password, Secret::literal("acme"));
}

TEST(Substitute, TellsWhichVariablesASecretCameFrom) {
  const LoadedSettings loaded = load_with(
      "intake.allow_tenants = [\"${PUBLIC}\"]\nstores.mongodb.password = \"${PRIVATE}\"\n",
      {{"PUBLIC", "acme"}, {"PRIVATE", "acme"}, {"TWINLOG_STORES_POSTGRES_PASSWORD", "x"}, {"OTHER", "acme"}});
  ASSERT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
  EXPECT_EQ(loaded.secret_variables, (std::set<std::string>{"PRIVATE", "TWINLOG_STORES_POSTGRES_PASSWORD"}));
}

}  // namespace
}  // namespace twinlog
