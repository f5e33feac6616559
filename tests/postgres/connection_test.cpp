// Finding a server, logging in, and what counts as a commit.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "plugins/postgres/connector.h"
#include "plugins/postgres/flush.h"
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using postgres::Connector;
using testing::Database;
using testing::event;
using testing::event_of;
using testing::execute;
using testing::TestAgent;

StoreError refusal(const std::string& uri, const Clock& clock = testing::real_clock()) {
  StoreSettings settings;
  settings.uri = Secret::literal(uri);
  auto opened = Connector(settings, clock).open();
  EXPECT_FALSE(opened.ok()) << "a connection was made";
  return !opened.ok() ? opened.error() : StoreError{};
}

/// The address of the shared server without user and database: "127.0.0.1:PORT".
std::string place() {
  const std::string uri = testing::server().uri();
  const std::size_t at = uri.find('@') + 1;
  return uri.substr(at, uri.rfind('/') - at);
}

std::string with_place(const std::string& before, const std::string& after) {
  return before + place() + after;
}

TEST(PostgresConnection, AnUnknownRoleHolds) {
  const StoreError error = refusal(with_place("postgresql://nobody_at_all@", "/postgres"));
  EXPECT_EQ(error.code, "28000");
  EXPECT_EQ(error.reaction, Reaction::kHold);
}

TEST(PostgresConnection, AnUnknownDatabaseHolds) {
  const StoreError error = refusal(with_place("postgresql://postgres@", "/nothing_here"));
  EXPECT_EQ(error.code, "3D000");
  EXPECT_EQ(error.reaction, Reaction::kHold);
}

TEST(PostgresConnection, TooManyConnectionsAreTriedAgain) {
  execute(*Database().session(), {"DROP ROLE IF EXISTS crowded", "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0"});
  const StoreError error = refusal(with_place("postgresql://crowded@", "/postgres"));
  EXPECT_EQ(error.code, "53300");
  EXPECT_EQ(error.reaction, Reaction::kReconnect);
}

TEST(PostgresConnection, NobodyListeningIsTriedAgain) {
  const StoreError error = refusal("postgresql://postgres@127.0.0.1:1/postgres");
  EXPECT_EQ(error.code, "");
  EXPECT_EQ(error.reaction, Reaction::kReconnect);
}

TEST(PostgresConnection, AnAddressThatIsNoneHoldsAndIsNotQuoted) {
  const StoreError error = refusal("postgresql://user:hunter2@[::1/oops");
  EXPECT_EQ(error.reaction, Reaction::kHold);
  EXPECT_EQ(error.words.find("hunter2"), std::string::npos);
}

TEST(PostgresConnection, TheNextHostIsTaken) {
  StoreSettings settings;
  settings.uri = Secret::literal("postgresql://postgres@127.0.0.1:1," + place() + "/postgres");
  EXPECT_TRUE(Connector(settings, testing::real_clock()).open().ok());
}

/// Listens and takes connections into its backlog, and never answers.
class BlackHole {
 public:
  BlackHole() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(socket_, generic, size) != 0 || listen(socket_, 8) != 0 || getsockname(socket_, generic, &size) != 0) {
      ADD_FAILURE() << "no port";
    }
    port_ = ntohs(address.sin_port);
  }
  ~BlackHole() { close(socket_); }
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;
  std::string place() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
};

TEST(PostgresConnection, AServerThatTakesTheConnectionAndNeverAnswersIsGivenUp) {
  const BlackHole hole;
  testing::LeapingClock clock;
  clock.leap(true);
  const StoreError error = refusal("postgresql://postgres@" + hole.place() + "/postgres", clock);
  EXPECT_EQ(error.reaction, Reaction::kReconnect);
  EXPECT_NE(error.words.find("did not answer"), std::string::npos);
}

TEST(PostgresConnection, APasswordFileIsReadAnewAtEveryConnect) {
  const Database database;
  execute(*database.session(), {"DROP ROLE IF EXISTS careful", "CREATE ROLE careful LOGIN PASSWORD 'first'"});
  const std::string folder = testing::server().folder();
  std::ofstream(folder + "/data/pg_hba.conf", std::ios::trunc) << "host all careful 127.0.0.1/32 scram-sha-256\n"
                                                                  "host all all 127.0.0.1/32 trust\n";
  execute(*database.session(), {"SELECT pg_reload_conf()"});
  const std::string file = folder + "/password";
  StoreSettings settings = database.settings("careful");
  const auto code_with = [&](const std::string& password) {
    std::ofstream(file, std::ios::trunc) << password << "\n";
    settings.password = Secret::in_file(file);
    auto opened = Connector(settings, testing::real_clock()).open();
    return opened.ok() ? "connected" : opened.error().code;
  };
  // The reload is asynchronous: until it is done, every password is fine.
  while (code_with("wrong") == "connected") {
  }
  EXPECT_EQ(code_with("wrong"), "28P01");
  EXPECT_EQ(code_with("first"), "connected");
  settings.password = Secret();
  const auto without = Connector(settings, testing::real_clock()).open();
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().reaction, Reaction::kHold);
}

TEST(PostgresConnection, WarningsAreNotedWithTheirStatementAndNeverPrinted) {
  const auto session = Database().session();
  const postgres::Statement statements[] = {
      {"DO $$ BEGIN RAISE NOTICE 'x'; END $$", {}}, {"DO $$ BEGIN RAISE WARNING 'x'; END $$", {}}, {"SELECT 1", {}}};
  ::testing::internal::CaptureStderr();
  const auto result = session->run(statements, testing::kTestLimit);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  ASSERT_TRUE(result.ok());
  const auto& rows = *result;
  EXPECT_FALSE(rows[0].warned());
  EXPECT_TRUE(rows[1].warned());
  EXPECT_FALSE(rows[2].warned());
}

TEST(PostgresCommit, ATagOfRollbackIsNoCommit) {
  const auto session = Database().session();
  execute(*session, {"BEGIN"});
  EXPECT_EQ(testing::sqlstate_of(*session, "SELECT 1 / 0"), "22012");
  const auto rows = session->run_one({"COMMIT", {}}, testing::kTestLimit);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->tag(), "ROLLBACK");
  EXPECT_FALSE(postgres::is_committed(*rows));
}

TEST(PostgresCommit, ACancelledWaitForTheStandbyIsNoCommit) {
  const Database database;
  TestAgent agent(database);
  agent.deliver({event("logout", "a")});
  const auto session = database.session();
  execute(*session, {"ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()"});
  testing::wait_for_row(*session, "SELECT 1 WHERE current_setting('synchronous_standby_names') = 'nobody'");
  const auto versions = agent.accept_all({event("logout", "b")});
  StoreResult<FlushReport> result = StoreError{};
  {
    const std::jthread flusher([&] { result = agent.try_flush(versions); });
    const std::string waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    testing::wait_for_row(*session, waiting);
    execute(*session, {"SELECT pg_cancel_backend(pid) FROM (" + waiting + ") w"});
  }
  execute(*session, {"ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().reaction, Reaction::kReconnect);
  EXPECT_EQ(agent.flush(versions).duplicates, 1U);
}

TEST(PostgresOutage, AServerThatWasAwayIsFoundAgainAndNothingDoubles) {
  testing::LiveServer& own = testing::second_server();
  const Database database("owner_of_outage", own);
  TestAgent before(database, "agent", "owner_of_outage");
  const auto versions = before.accept_all({event_of("u", "login_failed", "a"), event_of("u", "login_failed", "b")});
  before.flush({versions[0]});
  own.stop();
  EXPECT_EQ(before.failing_flush(versions).reaction, Reaction::kReconnect);
  EXPECT_FALSE(before.store().is_connected());
  EXPECT_EQ(before.failing_flush(versions).reaction, Reaction::kReconnect);
  own.start_again();  // On another port: another store finds it.
  TestAgent after(database, "agent", "owner_of_outage");
  const FlushReport report = after.flush(versions);
  EXPECT_EQ(report.inserted, 1U);
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_EQ(testing::account(database, {"acme", "id:u"})->failed_login_attempts, 2);
  execute(*database.session(), {"DROP OWNED BY owner_of_outage CASCADE", "DROP ROLE owner_of_outage"});
}

TEST(PostgresOutage, AStandbyIsNeverWrittenTo) {
  testing::LiveServer& own = testing::second_server();
  const Database database("postgres", own);
  own.stop();
  const std::string signal = own.folder() + "/data/standby.signal";
  std::ofstream(signal).flush();
  own.start_again();
  EXPECT_EQ(refusal(database.uri()).code, "25006");
  StoreSettings settings;
  settings.uri = Secret::literal(database.uri() + "&target_session_attrs=any");
  const auto store = make_postgres_store({.store = settings, .agent = "a"}, testing::real_clock());
  const auto result = store->connect({});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "25006");
  EXPECT_EQ(result.error().reaction, Reaction::kReconnect);
  own.stop();
  std::filesystem::remove(signal);
  own.start_again();
}

}  // namespace
}  // namespace twinlog
