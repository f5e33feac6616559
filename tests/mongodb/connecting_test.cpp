// Why nothing answers, in words that say what is wrong; and what the driver leaves on this host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/error_table.h"
#include "tests/mongodb/rig.h"
#include "tests/mongodb/scripted_peer.h"

namespace twinlog::mongodb {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedPeer;
using ::testing::StartsWith;

StoreError refusal_of(const std::string& uri) {
  StoreSettings settings;
  settings.uri = Secret::literal(uri);
  auto connected = Client::connect(settings);
  EXPECT_FALSE(connected);
  return connected ? StoreError{} : connected.error();
}

TEST(MongodbConnecting, F24ToAnSrvNameThatDnsDoesNotKnowYetIsTriedAgainAndNamesDns) {
  const StoreError error = refusal_of("mongodb+srv://audit.example.invalid/audit");
  EXPECT_EQ(error.reaction, Reaction::kReconnect);
  EXPECT_THAT(error.words, HasSubstr("DNS"));
  EXPECT_THAT(error.words, HasSubstr("SRV record"));
}

TEST(MongodbConnecting, ToAnSrvNameThatDnsDoesNotKnowYetIsNamedByCheckToo) {
  StoreSettings settings;
  settings.uri = Secret::literal("mongodb+srv://audit.example.invalid/audit");
  const auto lines = make_mongodb_admin(settings)->check();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].is_problem);
  EXPECT_THAT(lines[0].text, HasSubstr("SRV record"));
}

TEST(MongodbConnecting, ToAHostThatDnsDoesNotKnowIsTriedAgainAndNamesDns) {
  const StoreError error = refusal_of("mongodb://audit.example.invalid/audit");
  EXPECT_EQ(error.reaction, Reaction::kReconnect);
  EXPECT_THAT(error.words, HasSubstr("DNS"));
}

TEST(MongodbConnecting, WithAFileOfAuthoritiesThatIsNotThereHoldsAndNamesTheOption) {
  const StoreError error = refusal_of("mongodb://127.0.0.1:1/audit?tls=true&tlsCAFile=/nowhere/ca.pem");
  EXPECT_EQ(error.reaction, Reaction::kHold);
  EXPECT_THAT(error.words, HasSubstr("tlscafile"));
}

TEST(MongodbConnecting, LeavesNoFileInSharedMemoryThatAKilledProcessCouldNotTakeAway) {
  ScriptedPeer peer;
  StoreSettings settings = testing::settings_for(peer.port(), "db");
  ASSERT_TRUE(Client::connect(settings));
  EXPECT_FALSE(std::filesystem::exists("/dev/shm/mongoc-" + std::to_string(::getpid())));
}

StoreResult<std::vector<std::optional<AgentPosition>>> connected_to(const ScriptedPeer& peer,
                                                                    std::vector<CheckLine>& notes) {
  const testing::VirtualClock clock;
  testing::SeededRandom random(1);
  testing::NoWait pauses;
  const auto store =
      make_mongodb_store({.store = testing::settings_for(peer.port(), "db"), .agent = "a"}, clock, random, pauses);
  auto connected = store->connect(testing::kNoEpochs);
  notes = store->take_notes();
  return connected;
}

TEST(MongodbConnecting, F26WhereTheGuardsIndexIsRefusedGoesOnAndSaysSo) {
  ScriptedPeer peer;
  peer.answer("createIndexes account_lockouts",
              R"({"ok":0,"code":67,"codeName":"CannotCreateIndex","errmsg":"cannot create unique index"})");
  std::vector<CheckLine> notes;
  EXPECT_TRUE(connected_to(peer, notes));
  EXPECT_EQ(peer.count("createIndexes account_lockouts"), 1U);
  EXPECT_TRUE(std::ranges::any_of(notes, [](const CheckLine& note) {
    return note.is_problem && note.text.find("guard_by_tenant") != std::string::npos;
  }));
}

/// The error of a connect where the second index of auth_logs is answered with this.
StoreError refused_index(const std::string& answer) {
  ScriptedPeer peer;
  peer.answer("createIndexes auth_logs", R"({"ok":1})");
  peer.answer("createIndexes auth_logs", answer);
  std::vector<CheckLine> notes;
  const auto connected = connected_to(peer, notes);
  EXPECT_FALSE(connected);
  return connected ? StoreError{} : connected.error();
}

TEST(MongodbConnecting, F26WhereAnotherIndexIsRefusedHoldsNamesItAndDoesNotBlameAnIndexThatMayNotBeThere) {
  const StoreError error =
      refused_index(R"({"ok":0,"code":67,"codeName":"CannotCreateIndex","errmsg":"4711: too many indexes"})");
  EXPECT_EQ(error.reaction, Reaction::kHold);
  EXPECT_EQ(error.code, "67");
  EXPECT_THAT(error.words, StartsWith("the index tenant_account_time of auth_logs was not made: "));
  EXPECT_THAT(error.words, HasSubstr("the server refuses to create it"));
  EXPECT_THAT(error.words, HasSubstr("64 indexes"));
  EXPECT_THAT(error.words, HasSubstr("run `twinlog migrate`"));
  EXPECT_THAT(error.words, Not(HasSubstr("another form")));
  EXPECT_THAT(error.words, Not(HasSubstr("4711")));
}

TEST(MongodbConnecting, F26WhereAnIndexIsThereInAnotherFormHoldsAndNamesIt) {
  for (const char* code : {"85", "86"}) {
    const StoreError error = refused_index(R"({"ok":0,"code":)" + std::string(code) + "}");
    EXPECT_EQ(error.reaction, Reaction::kHold);
    EXPECT_THAT(error.words, StartsWith("the index tenant_account_time of auth_logs was not made: "));
    EXPECT_THAT(error.words, HasSubstr("another form; drop it"));
  }
}

}  // namespace
}  // namespace twinlog::mongodb
