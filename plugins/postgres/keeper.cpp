#include "plugins/api/keeper.h"

#include <algorithm>
#include <set>
#include <utility>

#include "ledger/leaf/field_table.h"
#include "ledger/leaf/leaf.h"
#include "plugins/postgres/connector.h"
#include "plugins/postgres/erased_accounts.h"
#include "plugins/postgres/erasure.h"
#include "plugins/postgres/flush.h"
#include "plugins/postgres/ledger_tables.h"
#include "plugins/postgres/migrate.h"
#include "plugins/postgres/postgres_store.h"
#include "plugins/postgres/record_rows.h"
#include "plugins/postgres/transaction.h"

namespace twinlog {
namespace postgres {
namespace {

/// Keys are looked for along an index or by one scan.
constexpr std::chrono::milliseconds kSearchOfKeys = std::chrono::minutes{30};
constexpr std::string_view kLongSettings =
    "SELECT set_config('statement_timeout', '0', true), set_config('enable_seqscan', 'off', true), "
    "set_config('jit', 'off', true)";

constexpr std::string_view kMissingRights =
    "SELECT coalesce(string_agg(DISTINCT m.words, ', ' ORDER BY m.words), '') FROM ("
    "SELECT r.what || ' on ' || r.relation FROM (VALUES ('auth_logs', 'SELECT'), ('auth_logs', 'DELETE'), "
    "('auth_log_conflicts', 'SELECT'), ('auth_log_conflicts', 'DELETE'), ('account_lockouts', 'SELECT'), "
    "('account_lockouts', 'UPDATE'), ('account_lockouts', 'DELETE'), ('ledger_leaves', 'SELECT'), "
    "('ledger_leaves', 'DELETE'), ('ledger_epochs', 'SELECT')) AS r(relation, what) "
    "WHERE NOT has_table_privilege(r.relation, r.what) UNION ALL "
    "SELECT 'UPDATE (' || c.name || ') on ' || r.relation FROM (VALUES ('auth_logs'), ('auth_log_conflicts')) AS "
    "r(relation), unnest($1::text[]) AS c(name) WHERE NOT has_column_privilege(r.relation, c.name, 'UPDATE') UNION ALL "
    "SELECT 'UPDATE (' || r.name || ') on ' || r.relation FROM (VALUES ('ledger_leaves', 'record_key'), "
    "('ledger_leaves', 'salts'), ('ledger_epochs', 'retired')) AS r(relation, name) "
    "WHERE NOT has_column_privilege(r.relation, r.name, 'UPDATE')) AS m(words)";

constexpr std::string_view kDeleteConflicts =
    "DELETE FROM auth_log_conflicts t USING unnest($1::text[], $2::text[]) AS k(tenant_id, log_id) "
    "WHERE t.tenant_id = k.tenant_id AND t.log_id = k.log_id";
constexpr std::string_view kDeleteFurther =
    "DELETE FROM ledger_leaves t USING unnest($1::text[], $2::text[]) AS k(tenant_id, log_id) "
    "WHERE t.tenant_id = k.tenant_id AND t.log_id = k.log_id";
constexpr std::string_view kDeleteRecords =
    "DELETE FROM auth_logs t USING unnest($1::text[], $2::text[]) AS k(tenant_id, log_id) "
    "WHERE t.tenant_id = k.tenant_id AND t.log_id = k.log_id";
constexpr std::string_view kRetire = "UPDATE ledger_epochs SET retired = $2 WHERE epoch_id = $1 AND retired IS NULL";
constexpr std::string_view kIsRetired = "SELECT count(*) FROM ledger_epochs WHERE epoch_id = $1 AND retired IS NULL";
constexpr std::string_view kKeysBefore =
    "SELECT tenant_id, log_id FROM auth_logs WHERE received_at >= $1 AND received_at < $2 "
    "ORDER BY received_at, tenant_id, log_id LIMIT $3";
// Candidates: of a name, every event with both names, which speaks to the account of the name, too.
constexpr std::string_view kKeysOfAccount =
    "SELECT log_id, account, username, event_type FROM (SELECT log_id, account, username, user_id, event_type "
    "FROM auth_logs WHERE tenant_id = $1 AND log_id > $3 UNION ALL SELECT log_id, account, username, user_id, "
    "event_type "
    "FROM auth_log_conflicts WHERE tenant_id = $1 AND log_id > $3) l WHERE account = $2 OR ($2 LIKE 'name:%' "
    "AND user_id IS NOT NULL AND username IS NOT NULL AND event_type IN ('login_success', 'lockout_reset', "
    "'account_locked')) ORDER BY log_id COLLATE \"C\"";

StoreError hold(std::string words) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(words)};
}

class PostgresKeeper final : public StoreKeeper {
 public:
  explicit PostgresKeeper(StoreSettings settings) : connector_(std::move(settings), clock_) {}

  StoreStatus connect() override {
    auto opened = connector_.open();
    if (!opened) {
      return std::move(opened).error();
    }
    connection_ = std::move(opened).value();
    if (auto state = read_schema_state(*connection_); !state) {
      return std::move(state).error();
    }
    auto tables = table_faults(*connection_);
    if (!tables) {
      return std::move(tables).error();
    }
    if (!tables->faults.empty()) {
      return hold("PostgreSQL lacks tables or columns of the ledger (" + tables->faults.front() +
                  "); run `twinlog migrate` as the owner of the tables");
    }
    return check_rights();
  }

  StoreResult<std::vector<KeptRecord>> records(std::span<const EventKey> keys) override {
    auto groups = read_groups(*connection_, keys, GroupLock::kNone);
    if (!groups) {
      return std::move(groups).error();
    }
    std::vector<KeptRecord> found;
    for (const auto& [key, group] : *groups) {
      found.push_back(kept_record(key, group));
    }
    return found;
  }

  StoreResult<std::vector<EventKey>> keys_of_account(const AccountKey& account, const std::string& after,
                                                     std::size_t most) override {
    auto rows = search(
        {kKeysOfAccount, {text_parameter(account.tenant_id), text_parameter(account.account), text_parameter(after)}});
    if (!rows) {
      return std::move(rows).error();
    }
    std::vector<EventKey> keys;
    for (int row = 0; row < rows->count() && keys.size() < most; ++row) {
      const bool is_by_column = !rows->is_null(row, 1) && rows->value(row, 1) == account.account;
      const std::string log_id(rows->value(row, 0));
      const bool is_known = !keys.empty() && keys.back().log_id == log_id;
      if (!is_known && (is_by_column || "name:" + fold_username(rows->value(row, 2)) == account.account)) {
        keys.push_back({account.tenant_id, log_id});
      }
    }
    return keys;
  }

  StoreResult<std::vector<EventKey>> keys_before(UtcMicros from, UtcMicros time, std::size_t most) override {
    auto rows = search(
        {kKeysBefore,
         {timestamp_parameter(from), timestamp_parameter(time), int8_parameter(static_cast<std::int64_t>(most))}});
    if (!rows) {
      return std::move(rows).error();
    }
    std::vector<EventKey> keys;
    keys.reserve(static_cast<std::size_t>(rows->count()));
    for (int row = 0; row < rows->count(); ++row) {
      keys.push_back({std::string(rows->value(row, 0)), std::string(rows->value(row, 1))});
    }
    return keys;
  }

  StoreResult<ErasureReport> erase(const Erasure& erasure) override {
    const std::set<std::uint8_t> fields = fields_to_erase(erasure.fields);
    if (fields.empty() || *fields.begin() <= kFieldOccurredAt || *fields.rbegin() > kFields) {
      return hold("tenant_id, log_id, event_type and occurred_at go with the whole record only");
    }
    ErasureReport report;
    auto failure = in_a_transaction([&]() -> StoreStatus {
      auto groups = read_groups(*connection_, erasure.keys, GroupLock::kForUpdate);
      if (!groups) {
        return std::move(groups).error();
      }
      const ErasurePlan plan = plan_erasure(*groups, fields);
      if (auto stopped = write_erasure(*connection_, plan, fields)) {
        return stopped;
      }
      auto gone = clean_accounts(*connection_, accounts_of_erased(*groups), fields);
      if (!gone) {
        return std::move(gone).error();
      }
      report = {.records = plan.records.size(),
                .conflicts = plan.conflicts.size(),
                .further_acceptances = plan.leaves.size(),
                .accounts = *gone};
      return std::nullopt;
    });
    return failure ? StoreResult<ErasureReport>(std::move(*failure)) : report;
  }

  StoreResult<RetentionReport> prune(std::span<const EventKey> keys) override {
    RetentionReport report;
    auto failure = in_a_transaction([&]() -> StoreStatus {
      auto groups = read_groups(*connection_, keys, GroupLock::kForUpdate);
      if (!groups) {
        return std::move(groups).error();
      }
      const std::vector<Parameter> parameters = key_parameters(keys);
      const Statement statements[] = {
          {kDeleteConflicts, parameters}, {kDeleteFurther, parameters}, {kDeleteRecords, parameters}};
      auto deleted = connection_->run(statements, kFlushLimit);
      if (!deleted) {
        return std::move(deleted).error();
      }
      report = {.records = touched(deleted->at(2)),
                .conflicts = touched(deleted->at(0)),
                .further_acceptances = touched(deleted->at(1))};
      return report.records == groups->size() ? std::nullopt : StoreStatus(dropped_from(kRecords));
    });
    return failure ? StoreResult<RetentionReport>(std::move(*failure)) : report;
  }

  StoreStatus retire(const Uuid& epoch_id, const std::string& retirement) override {
    return in_a_transaction([&]() -> StoreStatus {
      const Parameter epoch = uuid_parameter(as_text(epoch_id));
      const Statement statements[] = {{kRetire, {epoch, text_parameter(retirement)}}, {kIsRetired, {epoch}}};
      auto rows = connection_->run(statements, kFlushLimit);
      if (!rows) {
        return std::move(rows).error();
      }
      return int8_value(rows->back().value(0, 0)) == 0 ? std::nullopt : StoreStatus(dropped_from(kLedgerEpochs));
    });
  }

 private:
  StoreStatus check_rights() {
    ArrayBuilder names(kText);
    for (std::size_t field = kFieldOccurredAt; field < kFieldNames.size(); ++field) {
      names.bytes(kFieldNames[field]);
    }
    for (const std::string_view name : {"content_hash", "record_key", "salts"}) {
      names.bytes(name);
    }
    auto rows = connection_->run_one({kMissingRights, {names.take()}}, kQuestionLimit);
    if (!rows) {
      return std::move(rows).error();
    }
    if (const std::string missing(rows->value(0, 0)); !missing.empty()) {
      return hold("this role lacks " + missing +
                  "; use a login IN ROLE twinlog_keeper as stores.postgres.keeper_uri (where it has that role: run "
                  "`twinlog migrate` as the owner of the tables)");
    }
    constexpr auto kAll = std::to_array({kRecords, kConflicts, kAccounts, kLedgerLeaves, kLedgerEpochs});
    auto filtered = begin_unfiltered(*connection_, kAll);
    roll_back(*connection_);
    return filtered;
  }

  StoreResult<Rows> search(Statement statement) {
    const Statement statements[] = {{kBegin, {}}, {kLongSettings, {}}, std::move(statement), {"COMMIT", {}}};
    auto rows = connection_->run(statements, kSearchOfKeys);
    if (!rows) {
      roll_back(*connection_);
      return std::move(rows).error();
    }
    return std::move(rows->at(2));
  }

  template <typename Work>
  StoreStatus in_a_transaction(Work work) {
    const Statement begin[] = {{kBegin, {}}, {kTransactionSettings, {}}};
    auto begun = connection_->run(begin, kFlushLimit);
    StoreStatus failure = begun ? work() : StoreStatus(std::move(begun).error());
    if (failure) {
      roll_back(*connection_);
      return failure;
    }
    auto committed = connection_->run_one({"COMMIT", {}}, kFlushLimit);
    if (!committed) {
      return std::move(committed).error();
    }
    return is_committed(*committed) ? std::nullopt
                                    : StoreStatus(StoreError{.reaction = Reaction::kRetry,
                                                             .code = "",
                                                             .constraint = "",
                                                             .words = "PostgreSQL did not confirm the commit; run the "
                                                                      "command again, nothing doubles"});
  }

  SystemClock clock_;
  Connector connector_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace
}  // namespace postgres

std::unique_ptr<StoreKeeper> make_postgres_keeper(StoreSettings settings) {
  return std::make_unique<postgres::PostgresKeeper>(std::move(settings));
}

}  // namespace twinlog
