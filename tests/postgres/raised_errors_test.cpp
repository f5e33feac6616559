// Codes that a server cannot be made to give by itself in a test (a full or a broken disk, a connection between servers
// that breaks, a defect of the server): a trigger raises them in the middle of a real flush. All others are provoked
// for real in server_errors_test.cpp, blocked_flush_test.cpp and connection_test.cpp.
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::execute;
using testing::TestAgent;

struct Raised {
  const char* code;
  Reaction reaction;
};

class PostgresRaisedByATrigger : public ::testing::TestWithParam<Raised> {};

TEST_P(PostgresRaisedByATrigger, ACodeRaisedInAFlushKeepsNothingAndTheNextFlushWorks) {
  const Database database;
  database.migrate();
  execute(*database.session(),
          {std::string(
               "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'secret words' "
               "USING ERRCODE = '") +
               GetParam().code + "'; END $$",
           "CREATE TRIGGER refusing BEFORE INSERT ON auth_logs FOR EACH ROW EXECUTE FUNCTION refuse()"});
  TestAgent agent(database);
  const auto versions = agent.accept_all({event_of("u", "login_failed", "a")});
  const StoreError error = agent.failing_flush(versions);
  EXPECT_EQ(error.code, GetParam().code);
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(GetParam().reaction));
  EXPECT_EQ(error.words.find("secret"), std::string::npos);
  const bool is_left = GetParam().reaction == Reaction::kReconnect || GetParam().reaction == Reaction::kHold;
  EXPECT_EQ(agent.store().is_connected(), !is_left);
  execute(*database.session(), {"DROP TRIGGER refusing ON auth_logs"});
  EXPECT_EQ(agent.flush(versions).inserted, 1U);
}

using enum Reaction;
INSTANTIATE_TEST_SUITE_P(Codes, PostgresRaisedByATrigger,
                         ::testing::Values(Raised{"53100", kRetrySlowly}, Raised{"58030", kRetrySlowly},
                                           Raised{"08006", kReconnect}, Raised{"42501", kHold}, Raised{"P0001", kRetry},
                                           Raised{"XX000", kRetry}),
                         [](const auto& row) { return std::string(row.param.code); });

}  // namespace
}  // namespace twinlog
