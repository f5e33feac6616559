#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/loading.h"

namespace twinlog {
namespace {

using ::testing::HasSubstr;
using ::twinlog::testing::all_words;
using ::twinlog::testing::load;
using ::twinlog::testing::load_with;
using ::twinlog::testing::places;
using Places = std::vector<std::string>;

TEST(Mistakes, EightOfThemAreAllNamedWithTheirLinesAndNothingElse) {
  const LoadedSettings loaded = load(R"([intake]
max_event = 1048576
[spool]
pahts = "/x"
keep_delivered = "15 minutes"
[store.mongodb]
uri = "mongodb://db/audit"
linger = "1s"
[stores.postgres]
uri = "${PG_URI}"
batch_events = 100001
[stores.mongodb]
enabled = "yes"
[retry]
first = "1m"
)");
  EXPECT_EQ(places(loaded),
            (Places{"f.toml:2: intake.max_event", "f.toml:4: spool.pahts", "f.toml:5: spool.keep_delivered",
                    "f.toml:6: store", "f.toml:10: stores.postgres.uri", "f.toml:11: stores.postgres.batch_events",
                    "f.toml:13: stores.mongodb.enabled", "f.toml:15: retry.first"}))
      << all_words(loaded);
}

struct Wrong {
  const char* line;
  const char* words;
};

class OneMistake : public ::testing::TestWithParam<Wrong> {};

TEST_P(OneMistake, IsNamedWithItsLineAndWhatWouldBeRight) {
  const LoadedSettings loaded = load_with(std::string(GetParam().line) + "\n");
  ASSERT_EQ(loaded.mistakes.size(), 1U) << all_words(loaded);
  EXPECT_THAT(all_words(loaded), HasSubstr("f.toml:3: "));
  EXPECT_THAT(all_words(loaded), HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, OneMistake,
    ::testing::Values(
        Wrong{"agent.name = 5", "agent.name: must be a string, but is an integer"},
        Wrong{"agent.name = \"a b\"", "\"a b\" is not a name of 1 to 128"},
        Wrong{"agent.drain_timeout = 20", "must be a duration such as"},
        Wrong{"agent.drain_timeout = \"2h\"", "\"2h\" is outside of what is allowed, 0ms to 1h"},
        Wrong{"intake.max_event = \"1MB\"", "\"1MB\" is not a size such as"},
        Wrong{"intake.max_event = \"17MiB\"", "outside of what is allowed, 1KiB to 16MiB"},
        Wrong{"intake.max_event = 1.5", "but is a fraction"},
        Wrong{"intake.max_buffered = \"1MiB\"", "a single request may take 4MiB"},
        Wrong{"intake.http.max_body = \"65MiB\"", "more than intake.max_buffered, 64MiB"},
        Wrong{"intake.http.max_events = 0", "0 is outside of what is allowed, 1 to 100000"},
        Wrong{"intake.http.max_events = -1", "-1 is outside"},
        Wrong{"intake.http.max_events = \"5\"", "must be an integer, but is a string"},
        Wrong{"intake.http.listen = \"localhost:8840\"", "\"localhost:8840\" is not an address with a port"},
        Wrong{"intake.allow_tenants = \"a\"", "must be a list of strings, but is a string"},
        Wrong{"intake.allow_tenants = [1]", "must be a list of strings, but holds an integer"},
        Wrong{"intake.allow_tenants = [\"a/b\"]", "\"a/b\" is not a name"},
        Wrong{"intake.unix.mode = 0o660", "must be a mode in octal as a string"},
        Wrong{"intake.unix.allow_uids = [\"root\"]", "must be a list of integers, but holds a string"},
        Wrong{"intake.unix.allow_uids = [4294967295]", "outside of what is allowed, 0 to 4294967294"},
        Wrong{"intake.unix.path = \"/run/twinlog/admin.sock\"", "are the same path"},
        Wrong{"intake.unix = \"/run/events.sock\"", "must be a section, but is a string"},
        Wrong{"admin.ready_when_full = \"yes\"", "must be true or false, but is a string"},
        Wrong{"spool.path = \"spool\"", "\"spool\" is not an absolute path"},
        Wrong{"spool.volume = \"disk\"", "is not one of \"auto\" \"durable\" \"ephemeral\""},
        Wrong{"spool.compression = true", "must be a string, but is a boolean"},
        Wrong{"spool.max_bytes = \"1KiB\"", "outside of what is allowed, 16MiB to 16TiB"},
        Wrong{"spool.dead_letters_max = \"91%\"", "\"91%\" is outside of what is allowed, 1% to 90%"},
        Wrong{"spool.dead_letters_max = \"1KiB\"", "outside of what is allowed, 1MiB to 16TiB"},
        Wrong{"spool.dead_letters_max = \"ten%\"", "is not a percentage such as \"10%\", or a size"},
        Wrong{"spool.dead_letters_max = 10", "must be a percentage such as"},
        Wrong{"spool.dead_letters_max = \"2GiB\"", "2GiB leaves no room for events in spool.max_bytes, 2GiB"},
        Wrong{"spool.keep_delivered = 07:32:00", "but is a date or time"},
        Wrong{"spool.keep_delivered = {}", "but is a table"},
        Wrong{"stores.mongodb.password = 12345", "must be a string, but is an integer"},
        Wrong{"stores.mongodb.linger = \"61s\"", "outside of what is allowed, 0ms to 1m"},
        Wrong{"retry.most = \"100ms\"", "200ms as the first wait is more than retry.most, 100ms"},
        Wrong{"ledger.origin = \"Twinlog\"", "\"Twinlog\" is not an origin"},
        Wrong{"ledger.enrolment_key_file = \"key\"", "ledger.enrolment_key_file: is not an absolute path"},
        Wrong{"ledger.checkpoint_every = \"6m\"", "5m is less than ledger.checkpoint_every, 6m"},
        Wrong{"ledger.idle_every = \"10ms\"", "outside of what is allowed, 1s to 24h"},
        Wrong{"ledger.self_audit = 1", "must be true or false, but is an integer"},
        Wrong{"agent.position_every = \"10ms\"", "outside of what is allowed, 1s to 1h"},
        Wrong{"log.level = \"loud\"", "is not one of \"trace\" \"debug\" \"info\""},
        Wrong{"log.levle = \"info\"", "log.levle: is not a key of twinlog; did you mean log.level?"},
        Wrong{"retry.linger = \"1s\"", "is not a key of twinlog; did you mean stores.postgres.linger?"},
        Wrong{"nothing = 1", "nothing: is not a key of twinlog\n"},
        Wrong{"[stores.postgress]\nuri = \"x\"", "is not a section of twinlog; did you mean [stores.postgres]?"},
        Wrong{"[[spool]]", "spool: must be a section, but is a list"},
        Wrong{"intake.\"unix.path\" = \"/x\"", "f.toml:3: intake.\"unix.path\": is not a key"},
        Wrong{"\"a\\nb\" = 1", "f.toml:3: \"a\\x0ab\": is not a key"}));

TEST(Mistakes, ATenantThatIsNotAllowedCannotBeTheDefault) {
  EXPECT_EQ(places(load_with("agent.default_tenant = \"a\"\nintake.allow_tenants = [\"b\"]\n")),
            (Places{"f.toml:3: agent.default_tenant"}));
  EXPECT_EQ(places(load_with("agent.default_tenant = \"b\"\nintake.allow_tenants = [\"b\"]\n")), Places{});
}

TEST(Mistakes, AnOriginAndANameMustFitIntoTheNameOfATree) {
  const std::string origin = "ledger.origin = \"" + std::string(64, 'o') + "\"\n";
  EXPECT_EQ(places(load_with(origin + "agent.name = \"" + std::string(98, 'n') + "\"\n")), Places{});
  EXPECT_EQ(places(load_with(origin + "agent.name = \"" + std::string(99, 'n') + "\"\n")),
            (Places{"f.toml:4: agent.name"}));
}

TEST(Mistakes, ASyntaxErrorStandsAloneWithLineAndColumn) {
  const LoadedSettings loaded = load("[spool]\npahts = 1\npath \"x\"\n");
  EXPECT_EQ(places(loaded), (Places{"f.toml:3:6"})) << all_words(loaded);
  EXPECT_THAT(all_words(loaded), HasSubstr("is not TOML: Error while parsing key-value pair: expected '='"));
}

TEST(Mistakes, ARepeatedKeyOrSectionIsASyntaxErrorThatNamesIt) {
  const LoadedSettings key = load("[log]\nlevel = \"info\"\nlevel = \"warn\"\n");
  ASSERT_EQ(key.mistakes.size(), 1U);
  EXPECT_THAT(all_words(key), HasSubstr("f.toml:3:"));
  EXPECT_THAT(all_words(key), HasSubstr("cannot redefine existing string 'level'"));
  const LoadedSettings section = load("[log]\nlevel = \"info\"\n[log]\n");
  ASSERT_EQ(section.mistakes.size(), 1U);
  EXPECT_THAT(all_words(section), HasSubstr("f.toml:3:"));
}

TEST(Mistakes, OddBytesAndDeepNestingAreSyntaxErrorsAndNotTheEnd) {
  for (const std::string& text :
       {std::string("a = \"\xff\"\n"), std::string("a = \"x\0\"\n", 9), std::string(4000, '['),
        "a = " + std::string(4000, '['), std::string(100000, 'x') + " = 1\n", std::string("\x80")}) {
    const LoadedSettings loaded = load(text);
    ASSERT_EQ(loaded.mistakes.size(), 1U) << text.substr(0, 20);
    EXPECT_THAT(all_words(loaded), HasSubstr("f.toml:1:"));
  }
  std::string deep = "a";
  while (deep.size() < 8000) {
    deep += ".a";
  }
  EXPECT_EQ(places(load_with("[" + deep + "]\n" + deep + " = 1\n")), (Places{"f.toml:3: a"}));
}

TEST(Mistakes, NoneOfThemQuotesASecret) {
  const char* const broken_files[] = {
      "stores.postgres.uri = \"http://u:hunter2@db\"\n",
      "stores.mongodb.uri = \"mongodb://u:hunter2@db\"\n",
      "stores.mongodb.uri_file = \"hunter2\"\n",
      "stores.mongodb.password = \"hunter2\\u0000\"\n",
      "stores.mongodb.password = [\"hunter2\"]\n",
      "stores.mongodb.password = \"hunter2\"\nstores.mongodb.password_file = \"/hunter2\"\n",
      "stores.mongodb.pasword = \"hunter2\"\n",
      "intake.http.bearer_token_file = \"hunter2\"\n",
      "agent.name = \"${SECRET} x\"\n",
      "spool.volume = \"${SECRET}\"\n",
      "intake.allow_tenants = [\"${SECRET}/\"]\n",
      "agent.default_tenant = \"${SECRET}\"\nintake.allow_tenants = [\"b\"]\n",
      "stores.mongodb.password = hunter2\n",
      "stores.mongodb.password = true_hunter2\n",
      "stores.mongodb.password = 4hunter2\n",
      "stores.mongodb.password = \"hunter2\n",
      "stores.mongodb.password = hunter2 # \"\n",
      "stores.mongodb.password = \"hun\\hunter2\"\n",
  };
  for (const char* broken : broken_files) {
    const LoadedSettings loaded = load(broken, {{"SECRET", "hunter2"}});
    ASSERT_FALSE(loaded.mistakes.empty()) << broken;
    EXPECT_EQ(all_words(loaded).find("hunter"), std::string::npos) << all_words(loaded);
  }
}

TEST(Mistakes, ANumberInPlaceOfAPasswordIsNotQuoted) {
  for (const char* number :
       {"99999999999999999999", "0x99999999999999999999", "1e99999999", "9999-99-99", "0123456789"}) {
    const LoadedSettings loaded = load(std::string("stores.mongodb.password = ") + number + "\n");
    ASSERT_FALSE(loaded.mistakes.empty()) << number;
    EXPECT_EQ(all_words(loaded).find("999"), std::string::npos) << all_words(loaded);
    EXPECT_EQ(all_words(loaded).find("0123"), std::string::npos) << all_words(loaded);
  }
}

}  // namespace
}  // namespace twinlog
