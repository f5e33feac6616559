// One event that the server can never take, in every way that an administrator or odd content makes one, beside others.
#include "tests/postgres/fold_check.h"
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::execute;
using testing::expect_fold;
using testing::select;
using testing::TestAgent;

struct Refusal {
  const char* name;
  std::vector<std::string> make;  ///< What the administrator does.
  std::vector<std::string> undo;  ///< Nothing: no administrator can help.
  void (*spoil)(AuthEvent& bad);
  const char* code;
  const char* constraint = "";
};

void PrintTo(const Refusal& refusal, std::ostream* out) {  // NOLINT: gtest's name
  *out << refusal.name;
}

void is_evil(AuthEvent& bad) {
  bad.service = "evil";
}

/// A function that does this where a row is evil.
std::string where_evil(const std::string& body) {
  return "CREATE FUNCTION acts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.service = 'evil' THEN " + body +
         "; END IF; RETURN NEW; END $$";
}
constexpr const char* kBeforeInsert =
    "CREATE TRIGGER acting BEFORE INSERT ON auth_logs FOR EACH ROW EXECUTE FUNCTION acts()";
constexpr const char* kAtCommit =
    "CREATE CONSTRAINT TRIGGER acting AFTER INSERT ON auth_logs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE "
    "FUNCTION acts()";
constexpr const char* kDropTrigger = "DROP TRIGGER acting ON auth_logs";
constexpr const char* kServices = "CREATE TABLE services (name text COLLATE \"C\" PRIMARY KEY)";
constexpr const char* kWeb = "INSERT INTO services VALUES ('web')";
constexpr const char* kKnownService =
    "ALTER TABLE auth_logs ADD CONSTRAINT known_service FOREIGN KEY (service) REFERENCES services";

std::vector<Refusal> refusals() {
  return {
      {"Check",
       {"ALTER TABLE auth_logs ADD CONSTRAINT no_evil CHECK (service <> 'evil')"},
       {"ALTER TABLE auth_logs DROP CONSTRAINT no_evil"},
       is_evil,
       "23514",
       "no_evil"},
      {"NotNull",
       {"ALTER TABLE auth_logs ALTER COLUMN user_agent SET NOT NULL"},
       {"ALTER TABLE auth_logs ALTER COLUMN user_agent DROP NOT NULL"},
       [](AuthEvent& bad) { bad.user_agent.reset(); },
       "23502"},
      {"ForeignKey",
       {kServices, kWeb, kKnownService},
       {"ALTER TABLE auth_logs DROP CONSTRAINT known_service"},
       is_evil,
       "23503",
       "known_service"},
      {"ForeignKeyAtCommit",
       {kServices, kWeb, std::string(kKnownService) + " DEFERRABLE INITIALLY DEFERRED"},
       {"ALTER TABLE auth_logs DROP CONSTRAINT known_service"},
       is_evil,
       "23503",
       "known_service"},
      {"UniqueAmongThem",
       {"CREATE UNIQUE INDEX one_each ON auth_logs (request_id)"},
       {"DROP INDEX one_each"},
       [](AuthEvent& bad) { bad.request_id = "0"; },
       "23505",
       "one_each"},
      {"TooLong",
       {"ALTER TABLE auth_logs ALTER COLUMN service TYPE varchar(3)"},
       {"ALTER TABLE auth_logs ALTER COLUMN service TYPE text"},
       is_evil,
       "22001"},
      {"Raised", {where_evil("RAISE EXCEPTION 'secret'"), kBeforeInsert}, {kDropTrigger}, is_evil, "P0001"},
      {"RaisedAtCommit", {where_evil("RAISE EXCEPTION 'secret'"), kAtCommit}, {kDropTrigger}, is_evil, "P0001"},
      {"RaisedAsACheck",
       {where_evil("RAISE EXCEPTION 'secret' USING ERRCODE = 'check_violation', CONSTRAINT = 'ours'"), kBeforeInsert},
       {kDropTrigger},
       is_evil,
       "23514",
       "ours"},
      {"FailsInATrigger", {where_evil("PERFORM 1 / 0"), kBeforeInsert}, {kDropTrigger}, is_evil, "22012"},
      {"Swallowed", {where_evil("RETURN NULL"), kBeforeInsert}, {kDropTrigger}, is_evil, ""},
      {"ANulInAText", {}, {}, [](AuthEvent& bad) { bad.username = std::string("secret\0", 7); }, "22021"},
      {"NoUtf8", {}, {}, [](AuthEvent& bad) { bad.username = "secret\xff"; }, "22021"},
      {"ANumberTooLarge", {}, {}, [](AuthEvent& bad) { bad.metadata = R"({"secret":1e200000})"; }, "22003"},
      {"NoJson", {}, {}, [](AuthEvent& bad) { bad.metadata = R"({"secret":)"; }, "22P02"},
      {"ANulInMetadata", {}, {}, [](AuthEvent& bad) { bad.metadata = R"({"secret":"\u0000"})"; }, "22P05"},
      {"DeeperThanTheStack",
       {},
       {},
       [](AuthEvent& bad) { bad.metadata = std::string(100'000, '[') + std::string(100'000, ']'); },
       "54001"},
  };
}

class PostgresRefused : public ::testing::TestWithParam<Refusal> {
 protected:
  PostgresRefused() {
    database_.migrate();
    execute(*owner_, GetParam().make);
    for (int i = 0; i < kEvents; ++i) {
      AuthEvent made = event_of(i % 2 == 0 ? "u" : "v", "login_failed", "e" + std::to_string(i), i);
      made.service = "web";
      made.user_agent = "browser";
      made.request_id = std::to_string(i);
      if (i == kBad) {  // A late success: where it counts, the failures behind it are counted anew.
        made.event_type = "login_success";
        GetParam().spoil(made);
      }
      all_.push_back(agent_.accept(made));
    }
    good_ = all_;
    good_.erase(good_.begin() + kBad);
  }
  void expect_refused(const FlushReport& report) const {
    ASSERT_EQ(report.refused.size(), 1U);
    const StoreError& error = report.refused[0].error;
    EXPECT_EQ(report.refused[0].leaf_index, all_[kBad].leaf_index);
    EXPECT_EQ(reaction_text(error.reaction), reaction_text(Reaction::kPoison));
    EXPECT_EQ(error.code, GetParam().code);
    EXPECT_EQ(error.constraint, GetParam().constraint);
    EXPECT_EQ(stage_text(error.where), stage_text(StoreStage::kRecords));
    EXPECT_NE(error.words.find("replay"), std::string::npos) << error.words;
    EXPECT_EQ(error.words.find("secret"), std::string::npos);
  }
  std::vector<std::string> position() const { return select(*owner_, "SELECT * FROM twinlog_agents"); }

  static constexpr int kEvents = 20;
  static constexpr int kBad = 7;
  Database database_;
  TestAgent agent_{database_};
  std::unique_ptr<postgres::Connection> owner_ = database_.session();
  std::vector<Version> all_, good_;
};

TEST_P(PostgresRefused, IsNamedAndAllOthersAreThereWithTheirAccountsAndThePosition) {
  const FlushReport report = agent_.flush(all_);
  expect_refused(report);
  EXPECT_EQ(report.inserted, good_.size());
  EXPECT_EQ(report.duplicates, 0U);
  EXPECT_EQ(testing::records(database_, testing::keys_of(all_)).size(), good_.size());
  EXPECT_EQ(select(*owner_, "SELECT last_leaf_index FROM twinlog_agents"),
            std::vector<std::string>{"(" + std::to_string(kEvents) + ")"});
  expect_fold(database_, good_);
  EXPECT_TRUE(agent_.store().is_connected());
  AuthEvent next = event_of("w", "login_failed", "next");
  next.user_agent = "browser";
  EXPECT_EQ(agent_.deliver({next}).round_trips, 3U);
}

TEST_P(PostgresRefused, IsNamedAgainWhenTheBatchIsRepeatedOrItIsReplayed) {
  agent_.flush(all_);
  const auto before = position();
  const FlushReport repeated = agent_.flush(all_);
  expect_refused(repeated);
  EXPECT_EQ(repeated.duplicates, good_.size());
  expect_refused(agent_.replay({all_[kBad]}));
  EXPECT_EQ(position(), before);
  expect_fold(database_, good_);
}

TEST_P(PostgresRefused, EndsAsIfItHadComeInTimeWhenItIsReplayedAfterItsCauseIsGone) {
  if (GetParam().undo.empty()) {
    return;  // Nobody can make PostgreSQL take it.
  }
  agent_.flush(all_);
  const auto before = position();
  execute(*owner_, GetParam().undo);
  const FlushReport replayed = agent_.replay({all_[kBad]});
  EXPECT_EQ(replayed.inserted, 1U);
  EXPECT_TRUE(replayed.refused.empty());
  const FlushReport again = agent_.replay({all_[kBad]});
  EXPECT_EQ(again.inserted, 0U);
  EXPECT_EQ(again.duplicates, 1U);
  EXPECT_EQ(position(), before);
  EXPECT_EQ(testing::records(database_, testing::keys_of(all_)).size(), all_.size());
  expect_fold(database_, all_);
  EXPECT_EQ(agent_.flush(all_).duplicates, all_.size());
  expect_fold(database_, all_);
}

INSTANTIATE_TEST_SUITE_P(Ways, PostgresRefused, ::testing::ValuesIn(refusals()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace twinlog
