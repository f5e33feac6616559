// Every error that a store can give has an advice that names a command or a setting.
#include "agent/observe/health_parts.h"
#include "plugins/mongodb/error_table.h"
#include "plugins/postgres/error_table.h"
#include "tests/observe/well_facts.h"

namespace twinlog::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kConfig = "/etc/twinlog/twinlog.toml";

void expect_advice(StoreId store, const StoreError& error) {
  const std::string advice = advice_for(store, error, std::string(kConfig));
  EXPECT_TRUE(advice.find('`') != std::string::npos || advice.find("stores.") != std::string::npos)
      << error.code << " " << error.words << ": " << advice;
  EXPECT_THAT(advice, Not(HasSubstr("{check}")));
  EXPECT_THAT(advice, Not(HasSubstr("{migrate}")));
  EXPECT_THAT(advice, Not(HasSubstr("{uri}")));
  EXPECT_GT(advice.size(), 20U);
}

TEST(HealthAdvice, EveryErrorOfPostgresHasOne) {
  for (const postgres::ErrorRow& row : postgres::error_table()) {
    expect_advice(
        StoreId::kPostgres,
        {.reaction = row.reaction, .code = std::string(row.code), .constraint = "", .words = std::string(row.words)});
  }
  for (const postgres::LocalErrorRow& row : postgres::local_error_table()) {
    expect_advice(StoreId::kPostgres,
                  {.reaction = row.reaction, .code = "", .constraint = "", .words = std::string(row.words)});
  }
}

TEST(HealthAdvice, EveryErrorOfTheDocumentStoreHasOne) {
  for (const mongodb::ServerErrorRow& row : mongodb::server_error_rows()) {
    expect_advice(StoreId::kMongodb, mongodb::server_error(row.code));
  }
  for (const mongodb::DriverErrorRow& row : mongodb::driver_error_rows()) {
    expect_advice(StoreId::kMongodb, mongodb::driver_error(row.domain, row.code));
  }
}

TEST(HealthAdvice, EveryReactionHasOneForACodeThatNobodyKnows) {
  for (std::size_t i = 0; i < kReactions; ++i) {
    for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
      const StoreError error{.reaction = static_cast<Reaction>(i), .code = "ZZ999", .constraint = "", .words = "?"};
      EXPECT_GT(advice_for(store, error, "").size(), 20U);
    }
  }
}

std::string advice(std::string code, std::string words = "") {
  return advice_for(StoreId::kPostgres,
                    {.reaction = Reaction::kHold, .code = std::move(code), .constraint = "", .words = std::move(words)},
                    std::string(kConfig));
}

TEST(HealthAdvice, TheOneThatHelpsIsFound) {
  EXPECT_THAT(advice("28P01"), HasSubstr("stores.postgres.password_file"));
  EXPECT_THAT(advice("3D000"), HasSubstr("createdb"));
  EXPECT_THAT(advice("42501"), HasSubstr("GRANT twinlog_writer"));
  EXPECT_THAT(advice("42501", "run `twinlog migrate` as the owner"), HasSubstr("`twinlog migrate --config"));
  EXPECT_THAT(advice("25006"), HasSubstr("pg_is_in_recovery"));
  EXPECT_THAT(advice("53100"), HasSubstr("df -h"));
  EXPECT_THAT(advice("53300"), HasSubstr("max_connections"));
  EXPECT_THAT(advice("23514"), HasSubstr("\\d account_lockouts"));
  EXPECT_THAT(advice("", "no connection to PostgreSQL; check"), HasSubstr("systemctl status postgresql"));
  EXPECT_THAT(advice("", std::string(kPositionMovedWords)), HasSubstr("copy of this spool"));
}

TEST(HealthAdvice, TheCommandHasTheAgentsOwnConfiguration) {
  EXPECT_THAT(advice("28P01"), HasSubstr("`twinlog check --stores --config /etc/twinlog/twinlog.toml`"));
}

}  // namespace
}  // namespace twinlog::testing
