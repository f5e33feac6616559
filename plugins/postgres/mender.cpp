#include "plugins/api/mender.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "plugins/postgres/account_rows.h"
#include "plugins/postgres/connector.h"
#include "plugins/postgres/flush.h"
#include "plugins/postgres/ledger_row.h"
#include "plugins/postgres/ledger_rows.h"
#include "plugins/postgres/ledger_tables.h"
#include "plugins/postgres/migrate.h"
#include "plugins/postgres/postgres_store.h"
#include "plugins/postgres/record_group.h"
#include "plugins/postgres/record_rows.h"
#include "plugins/postgres/transaction.h"

namespace twinlog {
namespace postgres {
namespace {

// A record that comes back to conflicts that stayed.
constexpr std::string_view kMarkRecords =
    "UPDATE auth_logs l SET has_conflict = true FROM unnest($1::text[], $2::text[]) AS k(key_tenant_id, key_log_id) "
    "WHERE l.tenant_id = k.key_tenant_id AND l.log_id = k.key_log_id AND NOT l.has_conflict AND EXISTS "
    "(SELECT FROM auth_log_conflicts c WHERE c.tenant_id = k.key_tenant_id AND c.log_id = k.key_log_id)";
constexpr std::string_view kReadAccount =
    "SELECT fold_state FROM account_lockouts WHERE tenant_id = $1 AND account = $2";
constexpr std::string_view kLockAccount =
    "SELECT fold_state FROM account_lockouts WHERE tenant_id = $1 AND account = $2 FOR UPDATE";

std::string select_versions(std::string_view table) {
  return "SELECT " + ledger_columns(table) + " FROM " + std::string(table) +
         " JOIN unnest($1::text[], $2::text[]) AS k(key_tenant_id, key_log_id) ON tenant_id = key_tenant_id "
         "AND log_id = key_log_id";
}

StoreError not_confirmed() {
  return {.reaction = Reaction::kRetry,
          .code = "",
          .constraint = "",
          .words = "PostgreSQL did not confirm the commit; run the command again, nothing doubles"};
}

class PostgresMender final : public StoreMender {
 public:
  explicit PostgresMender(StoreSettings settings) : connector_(std::move(settings), clock_) {}

  StoreStatus connect() override {
    auto opened = connector_.open();
    if (!opened) {
      return std::move(opened).error();
    }
    connection_ = std::move(opened).value();
    auto state = read_schema_state(*connection_);
    return state ? std::nullopt : StoreStatus(std::move(state).error());
  }

  StoreResult<std::vector<LedgerRow>> versions(std::span<const EventKey> keys) override {
    const std::string records = select_versions(kRecords);
    const std::string conflicts = select_versions(kConflicts);
    const std::vector<Parameter> parameters = key_parameters(keys);
    auto read = run({{records, parameters}, {conflicts, parameters}});
    if (!read) {
      return std::move(read).error();
    }
    std::vector<LedgerRow> found;
    for (const std::size_t part : {std::size_t{0}, std::size_t{1}}) {
      const Rows& rows = read->at(part);
      for (int row = 0; row < rows.count(); ++row) {
        found.push_back(read_version_row(Tuple::of(rows, row)));
        found.back().is_conflict = part == 1;
      }
    }
    return found;
  }

  StoreResult<std::vector<LedgerLeafRow>> leaves(std::span<const LeafPlace> places) override {
    ArrayBuilder epochs(kUuid);
    ArrayBuilder indexes(kInt8);
    for (const LeafPlace& place : places) {
      epochs.bytes(as_text(place.epoch_id));
      indexes.int8(static_cast<std::int64_t>(place.index));
    }
    const std::string sql = "SELECT " + ledger_columns(kLedgerLeaves) +
                            " FROM ledger_leaves JOIN unnest($1::uuid[], $2::bigint[]) AS k(key_epoch_id, "
                            "key_leaf_index) ON epoch_id = key_epoch_id AND leaf_index = key_leaf_index";
    auto read = run({{sql, {epochs.take(), indexes.take()}}});
    if (!read) {
      return std::move(read).error();
    }
    std::vector<LedgerLeafRow> found;
    const Rows& rows = read->front();
    for (int row = 0; row < rows.count(); ++row) {
      if (auto leaf = read_leaf_row(Tuple::of(rows, row)); leaf.row) {
        found.push_back(*std::move(leaf.row));
      }
    }
    return found;
  }

  StoreResult<std::optional<std::string>> account_state(const AccountKey& key) override {
    auto read = run({{kReadAccount, {text_parameter(key.tenant_id), text_parameter(key.account)}}});
    if (!read) {
      return std::move(read).error();
    }
    const Rows& rows = read->front();
    return rows.count() == 1 ? std::optional(std::string(rows.value(0, 0))) : std::nullopt;
  }

  StoreStatus restore(const Restoration& restoration) override {
    std::vector<const Version*> versions;
    std::ranges::transform(restoration.versions, std::back_inserter(versions),
                           [](const Version& version) { return &version; });
    StoreStatus failed = write(restoration, versions);
    if (failed) {
      roll_back(*connection_);
    }
    return failed;
  }

  StoreResult<AccountRestored> write_account(const AccountRestoration& wanted) override {
    auto written = try_account(wanted);
    if (!written || *written != AccountRestored::kWritten) {
      roll_back(*connection_);
    }
    return written;
  }

 private:
  StoreResult<std::vector<Rows>> run(const std::vector<Statement>& statements) {
    return connection_->run(statements, kFlushLimit);
  }

  StoreStatus write(const Restoration& restoration, const std::vector<const Version*>& versions) {
    const Deadline deadline(clock_, kFlushLimit);
    RecordRows rows(*connection_, deadline, versions);
    auto begun = rows.insert({{kBegin, {}}, {kTransactionSettings, {}}});
    if (!begun) {
      return std::move(begun).error();
    }
    if (auto failed = rows.finish()) {
      return failed;
    }
    std::vector<Statement> statements = write_ledger(restoration.epoch_id, restoration.ledger);
    if (const auto left = without_a_row(rows, versions); !left.empty()) {
      statements.push_back(write_further_acceptances(left));
    }
    if (!versions.empty()) {
      std::vector<EventKey> keys;
      std::ranges::transform(versions, std::back_inserter(keys), [](const Version* version) {
        return EventKey{version->event.tenant_id, version->event.log_id};
      });
      statements.push_back({kMarkRecords, key_parameters(keys)});
    }
    statements.push_back({"COMMIT", {}});
    auto done = connection_->run(statements, deadline.left());
    if (!done) {
      return at(StoreStage::kLedger, std::move(done).error());
    }
    return is_committed(done->back()) ? std::nullopt : StoreStatus(not_confirmed());
  }

  static std::vector<const Version*> without_a_row(const RecordRows& rows,
                                                   const std::vector<const Version*>& versions) {
    const std::set<const Version*> inserted(rows.inserted().begin(), rows.inserted().end());
    std::vector<const Version*> left;
    std::ranges::copy_if(versions, std::back_inserter(left),
                         [&](const Version* each) { return each->ledger && !inserted.contains(each); });
    return left;
  }

  StoreResult<AccountRestored> try_account(const AccountRestoration& wanted) {
    std::vector<AccountUpdate> accounts{{wanted.key, wanted.state}};
    accounts.front().state.marks.clear();  // They are the document store's.
    std::vector<Statement> statements{{kBegin, {}}, {kTransactionSettings, {}}};
    if (!wanted.held) {
      statements.push_back(create_accounts(accounts));
    }
    statements.push_back({kLockAccount, {text_parameter(wanted.key.tenant_id), text_parameter(wanted.key.account)}});
    auto locked = run(statements);
    if (!locked) {
      return std::move(locked).error();
    }
    const Rows& row = locked->back();
    // An agent that made the row meanwhile has written more than nothing into it.
    if (row.count() != 1 || row.value(0, 0) != wanted.held.value_or("")) {
      return AccountRestored::kChangedMeanwhile;
    }
    auto done = run({update_accounts(accounts), {"COMMIT", {}}});
    if (!done) {
      return at(StoreStage::kAccounts, std::move(done).error());
    }
    return is_committed(done->back()) ? StoreResult<AccountRestored>(AccountRestored::kWritten) : not_confirmed();
  }

  SystemClock clock_;
  Connector connector_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace
}  // namespace postgres

std::unique_ptr<StoreMender> make_postgres_mender(StoreSettings settings) {
  return std::make_unique<postgres::PostgresMender>(std::move(settings));
}

}  // namespace twinlog
