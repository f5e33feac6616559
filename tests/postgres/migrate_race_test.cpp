// An agent that read an old version of the schema while somebody else was about to bring it up to date.
#include <functional>
#include <thread>

#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::execute;
using testing::select;
using testing::TestAgent;

/// A current schema that holds a record and looks older than it is; sessions that are in the middle of changing
/// twinlog_meta, so that the agent reads the version and then waits.
class PostgresMigrationRace : public ::testing::Test {
 protected:
  PostgresMigrationRace() { TestAgent(database_).deliver({event_of("u", "login_failed", "a")}); }
  void forget_steps_after(int step) {
    execute(*other_, {"CREATE TABLE done AS SELECT * FROM twinlog_meta WHERE name > 'schema.000" +
                          std::to_string(step) + "' AND name LIKE 'schema%'",
                      "DELETE FROM twinlog_meta WHERE name IN (SELECT name FROM done)"});
  }
  StoreResult<std::vector<std::optional<AgentPosition>>> connect_while(const std::function<void()>& meanwhile) {
    for (postgres::Connection* session : {other_.get(), third_.get()}) {
      execute(*session, {"BEGIN", "LOCK TABLE twinlog_meta IN ROW EXCLUSIVE MODE"});
    }
    StoreResult<std::vector<std::optional<AgentPosition>>> result = StoreError{};
    std::jthread connecting([&] { result = store_->connect({}); });
    testing::wait_for_row(*watcher_, kWaiting);
    execute(*other_, {"INSERT INTO twinlog_meta SELECT * FROM done", "COMMIT"});
    meanwhile();
    connecting.join();
    execute(*third_, {"ROLLBACK"});
    return result;
  }
  static constexpr const char* kWaiting =
      "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE twinlog_meta IN "
      "SHARE%'";

  Database database_;
  std::unique_ptr<postgres::Connection> other_ = database_.session();
  std::unique_ptr<postgres::Connection> third_ = database_.session();
  std::unique_ptr<postgres::Connection> watcher_ = database_.session();
  std::unique_ptr<Store> store_ =
      make_postgres_store({.store = database_.settings(), .agent = "late"}, testing::real_clock());
};

TEST_F(PostgresMigrationRace, WhatAnotherDidMeanwhileIsNotDoneAgain) {
  forget_steps_after(4);
  const auto result = connect_while([&] { execute(*third_, {"COMMIT", "BEGIN"}); });
  ASSERT_TRUE(result.ok()) << result.error().words;
  const auto notes = store_->take_notes();
  ASSERT_FALSE(notes.empty());
  EXPECT_NE(notes.front().text.find("the schema in " + database_.schema() + " is current"), std::string::npos)
      << notes.front().text;
}

TEST_F(PostgresMigrationRace, WhoFailsGoesOnWhereAnotherMadeTheSchemaCurrentMeanwhile) {
  forget_steps_after(3);  // Nobody could write.
  const auto result = connect_while(
      [&] { execute(*watcher_, {"SELECT pg_cancel_backend(pid) FROM (" + std::string(kWaiting) + ") w"}); });
  ASSERT_TRUE(result.ok()) << result.error().words;
  for (const CheckLine& note : store_->take_notes()) {
    EXPECT_FALSE(note.is_problem) << note.text;
  }
}

}  // namespace
}  // namespace twinlog
