#include "plugins/postgres/erased_accounts.h"

#include <string>
#include <utility>
#include <vector>

#include "ledger/leaf/field_table.h"
#include "plugins/postgres/account_rows.h"
#include "plugins/postgres/record_group.h"
#include "plugins/postgres/record_rows.h"
#include "plugins/postgres/transaction.h"

namespace twinlog::postgres {
namespace {

constexpr std::string_view kByName = "name:";

constexpr std::string_view kLock =
    "SELECT 1 FROM unnest($1::text[], $2::text[]) AS k(tenant_id, account) "
    "JOIN account_lockouts a ON a.tenant_id = k.tenant_id AND a.account = k.account "
    "ORDER BY a.tenant_id, a.account FOR UPDATE OF a";
// A statement of its own, after the locks: it sees every version that any of the states has counted.
constexpr std::string_view kStates =
    "SELECT a.tenant_id, a.account, a.fold_state, "
    "EXISTS (SELECT FROM auth_logs l WHERE l.tenant_id = a.tenant_id AND l.account = a.account AND l.event_type IN "
    "('login_failed', 'login_success', 'lockout_reset', 'account_locked')) OR "
    "EXISTS (SELECT FROM auth_log_conflicts l WHERE l.tenant_id = a.tenant_id AND l.account = a.account "
    "AND l.event_type IN ('login_failed', 'login_success', 'lockout_reset', 'account_locked')) "
    "FROM unnest($1::text[], $2::text[]) AS k(tenant_id, account) "
    "JOIN account_lockouts a ON a.tenant_id = k.tenant_id AND a.account = k.account ORDER BY 1, 2";
// Events with both names speak to the account of the name, too, which stands in no column: it has to be folded.
constexpr std::string_view kNames =
    "SELECT DISTINCT tenant_id, username FROM (SELECT tenant_id, username, user_id, event_type FROM auth_logs UNION "
    "ALL "
    "SELECT tenant_id, username, user_id, event_type FROM auth_log_conflicts) l WHERE tenant_id = ANY($1) "
    "AND user_id IS NOT NULL AND username IS NOT NULL "
    "AND event_type IN ('login_success', 'lockout_reset', 'account_locked')";
constexpr std::string_view kDelete =
    "DELETE FROM account_lockouts a USING unnest($1::text[], $2::text[]) AS k(tenant_id, account) "
    "WHERE a.tenant_id = k.tenant_id AND a.account = k.account";

/// A whole table may have to be read, and that is what a person asked for.
constexpr std::chrono::milliseconds kNamesLimit = std::chrono::minutes{30};

struct Found {
  AccountUpdate account;
  bool is_fed = false;
};

std::vector<Parameter> parameters_of(const std::vector<AccountKey>& keys) {
  ArrayBuilder tenants(kText);
  ArrayBuilder accounts(kText);
  for (const AccountKey& key : keys) {
    tenants.bytes(key.tenant_id);
    accounts.bytes(key.account);
  }
  return {tenants.take(), accounts.take()};
}

StoreResult<std::vector<Found>> read_states(Connection& connection, const ErasedByAccount& erased) {
  std::vector<AccountKey> keys;
  for (const auto& [key, versions] : erased) {
    keys.push_back(key);
  }
  const Statement statements[] = {{kLock, parameters_of(keys)}, {kStates, parameters_of(keys)}};
  auto rows = connection.run(statements, kFlushLimit);
  if (!rows) {
    return std::move(rows).error();
  }
  std::vector<Found> found;
  const Rows& states = rows->back();
  for (int row = 0; row < states.count(); ++row) {
    Result<AccountState> state = decode_account_state(states.value(row, 2));
    if (!state) {
      return StoreError{.reaction = Reaction::kStop, .code = "", .constraint = "", .words = state.error().message()};
    }
    found.push_back(
        {.account = {{std::string(states.value(row, 0)), std::string(states.value(row, 1))}, std::move(*state)},
         .is_fed = bool_value(states.value(row, 3))});
  }
  return found;
}

/// Of accounts of names that no column names.
StoreStatus look_for_names(Connection& connection, std::vector<Found>& found) {
  std::map<AccountKey, Found*> left;
  ArrayBuilder tenants(kText);
  for (Found& each : found) {
    if (!each.is_fed && each.account.key.account.starts_with(kByName)) {
      left[each.account.key] = &each;
      tenants.bytes(each.account.key.tenant_id);
    }
  }
  if (left.empty()) {
    return std::nullopt;
  }
  const Statement statements[] = {{"SET LOCAL statement_timeout = 0", {}}, {kNames, {tenants.take()}}};
  auto names = connection.run(statements, kNamesLimit);
  if (!names) {
    return std::move(names).error();
  }
  const Rows& rows = names->back();
  for (int row = 0; row < rows.count(); ++row) {
    const AccountKey key{std::string(rows.value(row, 0)), std::string(kByName) + fold_username(rows.value(row, 1))};
    if (const auto fed = left.find(key); fed != left.end()) {
      fed->second->is_fed = true;
    }
  }
  return std::nullopt;
}

StoreStatus write(Connection& connection, const std::vector<AccountUpdate>& kept, const std::vector<AccountKey>& gone) {
  std::vector<Statement> statements{{kDelete, parameters_of(gone)}};
  if (!kept.empty()) {
    statements.push_back(update_accounts(kept));
  }
  auto written = connection.run(statements, kFlushLimit);
  if (!written) {
    return std::move(written).error();
  }
  return touched(written->front()) == gone.size() ? std::nullopt : StoreStatus(dropped_from("account_lockouts"));
}

}  // namespace

StoreResult<std::uint64_t> clean_accounts(Connection& connection, const ErasedByAccount& erased,
                                          const std::set<std::uint8_t>& fields) {
  if (erased.empty()) {
    return std::uint64_t{0};
  }
  auto found = read_states(connection, erased);
  if (!found) {
    return std::move(found).error();
  }
  if (auto failure = look_for_names(connection, *found)) {
    return std::move(*failure);
  }
  std::vector<AccountUpdate> kept;
  std::vector<AccountKey> gone;
  for (Found& each : *found) {
    if (!each.is_fed) {
      gone.push_back(each.account.key);
      continue;
    }
    const AccountState before = each.account.state;
    forget_erased(each.account.state, erased.at(each.account.key), fields);
    if (!(before == each.account.state)) {
      kept.push_back(std::move(each.account));
    }
  }
  if (auto failure = write(connection, kept, gone)) {
    return std::move(*failure);
  }
  return static_cast<std::uint64_t>(gone.size());
}

}  // namespace twinlog::postgres
