#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <variant>

#include "plugins/postgres/account_rows.h"
#include "plugins/postgres/columns.h"
#include "plugins/postgres/connector.h"
#include "plugins/postgres/postgres_store.h"
#include "tests/bench/rows.h"
#include "tests/bench/ways.h"

namespace twinlog::bench {
namespace {

using postgres::Connector;
using postgres::Statement;

constexpr std::chrono::milliseconds kLimit{60'000};

// An upsert guarded by the newest event instead of lock, read, merge and update: it cannot keep the mirror's count of
// failures, but it is the least that writes an account, and it fits into the one pipeline.
constexpr std::string_view kAccounts =
    "INSERT INTO account_lockouts AS t (tenant_id, account, failed_login_attempts, account_locked_until, lock_kind, "
    "lock_reason, last_failed_at, last_success_at, last_locked_at, last_reset_at, organisation_id, log_id, "
    "effective_at, fold_state) SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::timestamptz[], "
    "$5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::text[], "
    "$12::text[], $13::timestamptz[], $14::bytea[]) AS k(tenant_id, account) "
    "ORDER BY k.tenant_id COLLATE \"C\", k.account COLLATE \"C\" "
    "ON CONFLICT (tenant_id, account) DO UPDATE SET failed_login_attempts = EXCLUDED.failed_login_attempts, "
    "account_locked_until = EXCLUDED.account_locked_until, lock_kind = EXCLUDED.lock_kind, "
    "lock_reason = EXCLUDED.lock_reason, last_failed_at = EXCLUDED.last_failed_at, "
    "last_success_at = EXCLUDED.last_success_at, last_locked_at = EXCLUDED.last_locked_at, "
    "last_reset_at = EXCLUDED.last_reset_at, organisation_id = EXCLUDED.organisation_id, log_id = EXCLUDED.log_id, "
    "effective_at = EXCLUDED.effective_at, fold_state = EXCLUDED.fold_state "
    "WHERE (EXCLUDED.effective_at, EXCLUDED.log_id) > (t.effective_at, t.log_id)";

const std::string& insert_upsert() {
  static const std::string sql =
      postgres::insert_head("auth_logs") +
      "ON CONFLICT (tenant_id, log_id) DO UPDATE SET has_conflict = true WHERE t.content_hash <> EXCLUDED.content_hash "
      "RETURNING log_id";
  return sql;
}

template <typename T>
T value_of(StoreResult<T> result) {
  if (const StoreError* error = result.ok() ? nullptr : &result.error()) {
    give_up(error->words);
  }
  return *std::move(result);
}

std::vector<const Version*> pointers_to(const std::vector<Version>& versions) {
  std::vector<const Version*> pointers;
  std::transform(versions.begin(), versions.end(), std::back_inserter(pointers), [](const Version& v) { return &v; });
  return pointers;
}

/// One batch as statements of one pipeline; keeps what the accounts have come to.
class Pipeline {
 public:
  std::vector<Statement> statements_for(const std::vector<Version>& versions) {
    const std::vector<const Version*> pointers = pointers_to(versions);
    std::vector<Statement> statements = {{"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", {}},
                                         {"SET LOCAL synchronous_commit = on", {}},
                                         {"SET LOCAL lock_timeout = '5s'", {}},
                                         {"SET LOCAL statement_timeout = '15s'", {}},
                                         {"SET LOCAL idle_in_transaction_session_timeout = '20s'", {}},
                                         {insert_upsert(), postgres::column_arrays(pointers)}};
    std::vector<postgres::AccountUpdate> updates;
    for (const auto& [key, group] : by_account(pointers)) {
      AccountState& state = accounts_[key];
      merge(state, group);
      updates.push_back({key, state});
    }
    if (!updates.empty()) {
      statements.push_back({kAccounts, postgres::update_accounts(updates).parameters});
    }
    statements.push_back({"COMMIT", {}});
    return statements;
  }

 private:
  std::map<AccountKey, AccountState> accounts_;
};

std::vector<Statement> bulk_statements(const std::vector<Version>& versions) {
  static const std::string sql = postgres::insert_head("auth_logs");
  return {{"BEGIN", {}}, {sql, postgres::column_arrays(pointers_to(versions))}, {"COMMIT", {}}};
}

/// What `statements_for` does is within the time: whoever writes rows must encode them.
template <typename StatementsFor>
void measure(const std::string& uri, const Lines& lines, std::size_t rows, StatementsFor statements_for) {
  const SystemClock clock;
  StoreSettings settings;
  settings.uri = Secret::literal(uri);
  const auto store = make_postgres_store({.store = settings, .agent = "bench"}, clock);
  value_of(store->connect({}));  // Makes the agent's tables.
  store->disconnect();
  const auto session = value_of(Connector(settings, clock).open());
  const auto batches = batches_of(lines, rows);
  Waits waits;
  const Time began = clock.steady_now();
  for (const std::vector<Version>& batch : batches) {
    const Time before = clock.steady_now();
    const auto results = value_of(session->run(statements_for(batch), kLimit));
    if (results.back().tag() != "COMMIT") {
      give_up("PostgreSQL did not commit a batch");
    }
    waits.push_back(clock.steady_now() - before);
  }
  print_result(rows, began, clock.steady_now(), std::move(waits));
}

}  // namespace

void measure_postgres_pipeline(const std::string& uri, const Lines& lines, std::size_t rows) {
  Pipeline pipeline;
  measure(uri, lines, rows, [&](const std::vector<Version>& batch) { return pipeline.statements_for(batch); });
}

void measure_postgres_bulk(const std::string& uri, const Lines& lines, std::size_t rows) {
  measure(uri, lines, rows, bulk_statements);
}

}  // namespace twinlog::bench
