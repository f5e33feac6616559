#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/config/loading.h"

namespace twinlog {
namespace {

using ::twinlog::testing::all_words;
using ::twinlog::testing::kHost;
using ::twinlog::testing::load;
using ::twinlog::testing::load_with;
using ::twinlog::testing::places;
using Places = std::vector<std::string>;

TEST(Load, TheTwoAddressesAreEnoughAndAllElseIsDefault) {
  const LoadedSettings loaded = load_with("");
  ASSERT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
  EXPECT_TRUE(loaded.warnings.empty()) << all_words(loaded);
  Settings expected;
  expected.agent.name = kHost;
  expected.postgres.uri = Secret::literal("postgresql://twinlog@db/audit");
  expected.mongodb.uri = Secret::literal("mongodb://db/audit");
  EXPECT_TRUE(loaded.settings == expected);
}

TEST(Load, EveryKindOfValueReachesItsPlace) {
  const LoadedSettings loaded = load_with(R"(
[agent]
name = "a-1"
drain_timeout = "1h"
[intake]
max_event = "64KiB"
allow_tenants = ["acme", "beta"]
unix = { path = "", mode = "600", allow_uids = [0, 1000], allow_gids = [4294967294] }
http.max_events = 7
[spool]
dead_letters_max = "200MiB"
volume = "ephemeral"
compression = "none"
[log]
level = "warn"
format = "json"
[admin]
ready_when_full = true
)");
  ASSERT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
  const Settings& settings = loaded.settings;
  EXPECT_EQ(settings.agent.name, "a-1");
  EXPECT_EQ(settings.agent.drain_timeout, std::chrono::hours{1});
  EXPECT_EQ(settings.intake.max_event, 64U << 10U);
  EXPECT_EQ(settings.intake.allow_tenants, (Places{"acme", "beta"}));
  EXPECT_EQ(settings.intake.unix_socket.path, "");
  EXPECT_EQ(settings.intake.unix_socket.mode, 0600U);
  EXPECT_EQ(settings.intake.unix_socket.allow_uids, (std::vector<std::uint32_t>{0, 1000}));
  EXPECT_EQ(settings.intake.unix_socket.allow_gids, (std::vector<std::uint32_t>{4294967294U}));
  EXPECT_EQ(settings.intake.http.max_events, 7U);
  EXPECT_EQ(settings.spool.volume, VolumeKind::kEphemeral);
  EXPECT_FALSE(settings.spool.compress);
  EXPECT_EQ(settings.spool.dead_letters_max, (Share{.percent = 0, .bytes = 200U << 20U}));
  EXPECT_EQ(settings.log.level, "warn");
  EXPECT_EQ(settings.log.format, LogFormat::kJson);
  EXPECT_TRUE(settings.admin.ready_when_full);
}

TEST(Load, AnAddressIsRequiredUnlessItsStoreIsOff) {
  EXPECT_EQ(places(load("")), (Places{"f.toml: stores.postgres.uri", "f.toml: stores.mongodb.uri"}));
  EXPECT_EQ(places(load("[stores.postgres]\nmigrate = false\n[stores.mongodb]\nenabled = false\n")),
            (Places{"f.toml:1: stores.postgres.uri"}));
  EXPECT_EQ(places(load("[stores.postgres]\nuri_file = \"/s/pg\"\n[stores.mongodb]\nuri_file = \"/s/m\"\n")), Places{});
}

TEST(Load, TheLastStoreCannotBeTurnedOff) {
  EXPECT_EQ(places(load_with("stores.postgres.enabled = false\n")), Places{});
  EXPECT_EQ(places(load_with("stores.postgres.enabled = false\nstores.mongodb.enabled = false\n")),
            (Places{"f.toml:4: stores.mongodb.enabled"}));
}

TEST(Load, ASecretMayStandInAFileButNotInBothPlaces) {
  const LoadedSettings loaded = load_with("stores.postgres.password_file = \"/run/secrets/pg\"\n");
  ASSERT_TRUE(loaded.mistakes.empty()) << all_words(loaded);
  EXPECT_EQ(loaded.settings.postgres.password, Secret::in_file("/run/secrets/pg"));
  const LoadedSettings both = load_with("stores.postgres.uri_file = \"/run/secrets/uri\"\n");
  EXPECT_EQ(places(both), (Places{"f.toml:3: stores.postgres.uri_file"})) << all_words(both);
}

TEST(Load, AHostNameThatIsNoNameAsksForOne) {
  const LoadedSettings loaded = load_settings(testing::kShortest, "f.toml", {}, "m\xc3\xbcller");
  EXPECT_EQ(places(loaded), (Places{"f.toml: agent.name"}));
  const LoadedSettings named = load_settings(testing::kShortest, "f.toml", {{"TWINLOG_AGENT_NAME", "a"}}, "m\xc3\xbc");
  EXPECT_EQ(named.settings.agent.name, "a");
  EXPECT_TRUE(named.mistakes.empty());
}

TEST(Load, AnOpenHttpPortIsAWarningWithOrWithoutAToken) {
  const std::string open = "intake.http.listen = \"0.0.0.0:8840\"\n";
  EXPECT_NE(all_words(load_with(open)).find("whoever reaches the port can write events"), std::string::npos);
  EXPECT_NE(all_words(load_with(open + "intake.http.bearer_token_file = \"/t\"\n")).find("cross the network in clear"),
            std::string::npos);
  for (const char* const closed : {"[::1]:8840", "127.0.0.1:8840", "unix:/run/http.sock", ""}) {
    EXPECT_EQ(all_words(load_with("intake.http.listen = \"" + std::string(closed) + "\"\n")), "");
  }
}

TEST(Load, ASocketThatEveryUserMayWriteToWithoutAListOfThemIsAWarning) {
  const std::string open = "intake.unix.mode = \"0666\"\n";
  EXPECT_NE(all_words(load_with(open)).find("lets every user of the host write events"), std::string::npos);
  EXPECT_EQ(all_words(load_with(open + "intake.unix.allow_uids = [1000]\n")), "");
  EXPECT_EQ(all_words(load_with(open + "intake.unix.allow_gids = [1000]\n")), "");
  EXPECT_EQ(all_words(load_with(open + "intake.unix.path = \"\"\n")), "");
  EXPECT_EQ(all_words(load_with("intake.unix.mode = \"0664\"\n")), "");
}

TEST(Load, ABlankAroundAPasswordIsTakenAndAWarning) {
  const LoadedSettings loaded = load_with("stores.postgres.password = \" Heron 7\"\n");
  EXPECT_EQ(loaded.settings.postgres.password, Secret::literal(" Heron 7"));
  EXPECT_EQ(all_words(loaded), "stores.postgres.password begins or ends with a blank: is that meant?\n");
}

TEST(Load, WarningIsAnotherNameOfTheLevelWarn) {
  EXPECT_EQ(load_with("log.level = \"warning\"\n").settings.log.level, "warn");
  EXPECT_EQ(load_with("", {{"TWINLOG_LOG_LEVEL", "warning"}}).settings.log.level, "warn");
}

TEST(Load, AFileIsReadFromItsPathAndAMissingOneIsTheOnlyMistake) {
  const std::string path = ::testing::TempDir() + "twinlog_load_test.toml";
  std::ofstream(path) << testing::kShortest;
  EXPECT_TRUE(load_settings_file(path, {}, kHost).mistakes.empty());
  const LoadedSettings missing = load_settings_file("/nonexistent/twinlog.toml", {}, kHost);
  EXPECT_EQ(places(missing), (Places{"/nonexistent/twinlog.toml"}));
  EXPECT_NE(all_words(missing).find("No such file or directory"), std::string::npos);
}

TEST(Load, TheNullDeviceIsAnEmptyFileAndAPipeIsNone) {
  EXPECT_EQ(places(load_settings_file("/dev/null", {}, kHost)),
            (Places{"/dev/null: stores.postgres.uri", "/dev/null: stores.mongodb.uri"}));
  const std::string pipe = ::testing::TempDir() + "twinlog_load_test.pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const LoadedSettings loaded = load_settings_file(pipe, {}, kHost);
  ::unlink(pipe.c_str());
  EXPECT_NE(all_words(loaded).find("it is a pipe, socket or device, not a file"), std::string::npos);
  EXPECT_EQ(loaded.mistakes.size(), 1U);
}

}  // namespace
}  // namespace twinlog
