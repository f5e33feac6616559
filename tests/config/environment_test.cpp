#include "config/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/config/loading.h"

namespace twinlog {
namespace {

using ::testing::HasSubstr;
using ::twinlog::testing::all_words;
using ::twinlog::testing::load;
using ::twinlog::testing::load_with;
using ::twinlog::testing::places;
using Places = std::vector<std::string>;

TEST(Environment, EveryKeyHasAVariableOfItsOwn) {
  std::set<std::string> variables;
  for (const ConfigKey& key : config_keys()) {
    EXPECT_TRUE(variables.insert(variable_of(key.path)).second) << key.path;
  }
  EXPECT_TRUE(variables.contains("TWINLOG_STORES_POSTGRES_URI"));
  EXPECT_TRUE(variables.contains("TWINLOG_INTAKE_UNIX_PATH"));
}

TEST(Environment, TheAddressesMayComeFromItAlone) {
  const LoadedSettings loaded = load("", {{"TWINLOG_STORES_POSTGRES_URI", "postgresql://db/audit"},
                                          {"TWINLOG_STORES_MONGODB_URI_FILE", "/run/secrets/mongodb"}});
  ASSERT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
  EXPECT_EQ(loaded.settings.postgres.uri, Secret::literal("postgresql://db/audit"));
  EXPECT_EQ(loaded.settings.mongodb.uri, Secret::in_file("/run/secrets/mongodb"));
}

TEST(Environment, ItWinsOverTheFileForEveryKindOfValue) {
  const LoadedSettings loaded = load_with("intake.http.max_events = 7\nintake.allow_tenants = [\"x\"]\n",
                                          {{"TWINLOG_INTAKE_HTTP_MAX_EVENTS", "8"},
                                           {"TWINLOG_INTAKE_ALLOW_TENANTS", "acme, beta"},
                                           {"TWINLOG_INTAKE_UNIX_ALLOW_UIDS", "0,1000"},
                                           {"TWINLOG_INTAKE_UNIX_ALLOW_GIDS", ""},
                                           {"TWINLOG_INTAKE_UNIX_PATH", ""},
                                           {"TWINLOG_INTAKE_UNIX_MODE", "0600"},
                                           {"TWINLOG_ADMIN_READY_WHEN_FULL", "true"},
                                           {"TWINLOG_RETRY_MOST", "1m"},
                                           {"TWINLOG_SPOOL_MAX_BYTES", "1GiB"},
                                           {"TWINLOG_LOG_FORMAT", "json"}});
  ASSERT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
  EXPECT_EQ(loaded.settings.intake.http.max_events, 8U);
  EXPECT_EQ(loaded.settings.intake.allow_tenants, (Places{"acme", "beta"}));
  EXPECT_EQ(loaded.settings.intake.unix_socket.allow_uids, (std::vector<std::uint32_t>{0, 1000}));
  EXPECT_TRUE(loaded.settings.intake.unix_socket.allow_gids.empty());
  EXPECT_EQ(loaded.settings.intake.unix_socket.path, "");
  EXPECT_EQ(loaded.settings.intake.unix_socket.mode, 0600U);
  EXPECT_TRUE(loaded.settings.admin.ready_when_full);
  EXPECT_EQ(loaded.settings.retry.most, std::chrono::minutes{1});
  EXPECT_EQ(loaded.settings.spool.max_bytes, 1ULL << 30U);
  EXPECT_EQ(loaded.settings.log.format, LogFormat::kJson);
}

TEST(Environment, EitherHalfOfASecretWinsOverBothInTheFile) {
  const LoadedSettings loaded = load_with("", {{"TWINLOG_STORES_POSTGRES_URI_FILE", "/run/secrets/pg"}});
  ASSERT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
  EXPECT_EQ(loaded.settings.postgres.uri, Secret::in_file("/run/secrets/pg"));
}

TEST(Environment, AMistakeThereNamesTheVariable) {
  const LoadedSettings loaded = load_with("", {{"TWINLOG_STORES_POSTGRES_BATCH_EVENTS", "many"},
                                               {"TWINLOG_STORES_MONGODB_PASSWORD", "a"},
                                               {"TWINLOG_STORES_MONGODB_PASSWORD_FILE", "/a"},
                                               {"TWINLOG_ADMIN_READY_WHEN_FULL", "1"},
                                               {"TWINLOG_INTAKE_ALLOW_TENANTS", "a,,b"},
                                               {"TWINLOG_INTAKE_UNIX_ALLOW_UIDS", "1,root"},
                                               {"TWINLOG_RETRY_FIRST", "1h"}});
  EXPECT_EQ(places(loaded), (Places{"TWINLOG_INTAKE_ALLOW_TENANTS", "TWINLOG_INTAKE_UNIX_ALLOW_UIDS",
                                    "TWINLOG_ADMIN_READY_WHEN_FULL", "TWINLOG_STORES_POSTGRES_BATCH_EVENTS",
                                    "TWINLOG_STORES_MONGODB_PASSWORD_FILE", "TWINLOG_RETRY_FIRST"}))
      << all_words(loaded);
}

TEST(Environment, AnEmptySecretThereTakesTheOneOfTheFileAway) {
  EXPECT_EQ(places(load_with("", {{"TWINLOG_STORES_POSTGRES_URI", ""}})), (Places{"TWINLOG_STORES_POSTGRES_URI"}));
}

TEST(Environment, AVariableThatNamesNoKeyIsOnlyAWarningWithoutItsValue) {
  const LoadedSettings loaded = load_with("", {{"TWINLOG_PORT", "tcp://10.0.0.1:8840"},
                                               {"TWINLOG_STORES_POSTGRES_PASWORD", "hunter2"},
                                               {"TWINLO", "x"},
                                               {"TWINLOGX", "x"}});
  EXPECT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
  ASSERT_EQ(loaded.warnings.size(), 2U) << all_words(loaded);
  EXPECT_THAT(loaded.warnings[0], HasSubstr("TWINLOG_PORT names no key of twinlog and is ignored"));
  EXPECT_THAT(loaded.warnings[1], HasSubstr("did you mean TWINLOG_STORES_POSTGRES_PASSWORD?"));
  EXPECT_EQ(all_words(loaded).find("hunter2"), std::string::npos);
}

TEST(Environment, F17OneLineEndAtTheEndOfAnyValueIsDropped) {
  for (const std::string end : {"\n", "\r\n"}) {
    const LoadedSettings loaded = load("stores.mongodb.uri = \"mongodb://u:${PART}@db/audit\"\n",
                                       {{"TWINLOG_STORES_POSTGRES_URI", "postgresql://db/audit" + end},
                                        {"TWINLOG_STORES_POSTGRES_PASSWORD", "Heron-7" + end},
                                        {"TWINLOG_STORES_MONGODB_PASSWORD_FILE", "/run/secrets/m" + end},
                                        {"TWINLOG_ADMIN_READY_WHEN_FULL", "true" + end},
                                        {"PART", "Heron-7" + end}});
    ASSERT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
    EXPECT_EQ(loaded.settings.postgres.uri, Secret::literal("postgresql://db/audit"));
    EXPECT_EQ(loaded.settings.postgres.password, Secret::literal("Heron-7"));
    EXPECT_EQ(loaded.settings.mongodb.password, Secret::in_file("/run/secrets/m"));
    EXPECT_EQ(loaded.settings.mongodb.uri, Secret::literal("mongodb://u:Heron-7@db/audit"));
    EXPECT_TRUE(loaded.settings.admin.ready_when_full);
  }
}

TEST(Environment, AnotherLineEndOrASpaceInAnAddressIsAMistakeOfItsVariable) {
  const LoadedSettings loaded = load("stores.mongodb.uri = \"mongodb://u:${PART}@db/audit\"\n",
                                     {{"TWINLOG_STORES_POSTGRES_URI", "postgresql://db/audit \n"},
                                      {"TWINLOG_STORES_POSTGRES_PASSWORD", "Heron-7\n\n"},
                                      {"TWINLOG_STORES_MONGODB_PASSWORD", "Her\non-7"},
                                      {"PART", "Heron-7\n\n"}});
  EXPECT_EQ(places(loaded), (Places{"f.toml:1: stores.mongodb.uri", "TWINLOG_STORES_POSTGRES_URI",
                                    "TWINLOG_STORES_POSTGRES_PASSWORD", "TWINLOG_STORES_MONGODB_PASSWORD"}));
  EXPECT_THAT(all_words(loaded), HasSubstr("uses ${PART}, whose value holds a line end"));
  EXPECT_THAT(all_words(loaded), HasSubstr("PASSWORD: is not a text on one line"));
  EXPECT_EQ(all_words(loaded).find("Heron"), std::string::npos);
}

TEST(Environment, AValueThatAVariableOfTheFileBroughtIsAMistakeThatNamesIt) {
  const LoadedSettings loaded = load_with("stores.mongodb.linger = \"${LINGER}\"\n", {{"LINGER", "soon"}});
  EXPECT_THAT(all_words(loaded), HasSubstr("\"${LINGER}\" is not a duration"));
  EXPECT_THAT(all_words(loaded), HasSubstr("; it takes ${LINGER} from the environment"));
}

TEST(Environment, TheVariableThatNamesTheFileIsNoKeyAndNoWarning) {
  EXPECT_EQ(all_words(load_with("", {{"TWINLOG_CONFIG", "/etc/other.toml"}})), "");
}

TEST(Environment, ItsValuesAreTakenAsTheyAre) {
  const LoadedSettings loaded = load_with("", {{"TWINLOG_STORES_POSTGRES_PASSWORD", "a${B}$${c"}});
  ASSERT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
  EXPECT_EQ(loaded.settings.postgres.password, Secret::literal("a${B}$${c"));
}

}  // namespace
}  // namespace twinlog
