#include "plugins/postgres/account_rows.h"

#include <optional>

#include "ledger/record/timestamp.h"

namespace twinlog::postgres {
namespace {

constexpr std::string_view kCreate =
    "INSERT INTO account_lockouts (tenant_id, account, failed_login_attempts, lock_kind, log_id, effective_at, "
    "fold_state) "
    "SELECT k.tenant_id, k.account, 0, 'none', '', 'epoch', '' "
    "FROM unnest($1::text[], $2::text[]) AS k(tenant_id, account) "
    "ORDER BY k.tenant_id COLLATE \"C\", k.account COLLATE \"C\" "
    "ON CONFLICT (tenant_id, account) DO NOTHING";

constexpr std::string_view kLock =
    "SELECT k.ordinal, a.fold_state "
    "FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(tenant_id, account, ordinal) "
    "JOIN account_lockouts a ON a.tenant_id = k.tenant_id AND a.account = k.account "
    "ORDER BY a.tenant_id, a.account FOR UPDATE OF a";

// An event never takes effect after it occurred, so the second condition loses nothing and lets the index on (tenant,
// account, occurred_at) find the rows.
constexpr std::string_view kRecount =
    "SELECT k.ordinal, "
    "(SELECT count(*) FROM auth_logs l WHERE l.tenant_id = k.tenant_id AND l.account = k.account "
    "AND l.event_type = 'login_failed' AND l.failed_login_attempts IS NULL "
    "AND l.effective_at > k.since AND l.occurred_at > k.since) + "
    "(SELECT count(*) FROM auth_log_conflicts c WHERE c.tenant_id = k.tenant_id AND c.account = k.account "
    "AND c.event_type = 'login_failed' AND c.failed_login_attempts IS NULL "
    "AND c.effective_at > k.since AND c.occurred_at > k.since) "
    "FROM unnest($1::text[], $2::text[], $3::timestamptz[]) WITH ORDINALITY AS k(tenant_id, account, since, ordinal)";

// In the trip of the COMMIT nobody looks at what the update touched, so the statement itself fails (2201E) where a
// trigger or rule dropped a row.
constexpr std::string_view kUpdate =
    "WITH written AS (UPDATE account_lockouts a SET failed_login_attempts = k.attempts, account_locked_until = "
    "k.until, "
    "lock_kind = k.kind, lock_reason = k.reason, last_failed_at = k.failed, last_success_at = k.success, "
    "last_locked_at = k.locked, last_reset_at = k.reset, organisation_id = k.organisation, log_id = k.log_id, "
    "effective_at = k.effective, fold_state = k.fold_state "
    "FROM unnest($1::text[], $2::text[], $3::integer[], $4::timestamptz[], $5::text[], $6::text[], "
    "$7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[], "
    "$13::timestamptz[], $14::bytea[]) "
    "AS k(tenant_id, account, attempts, until, kind, reason, failed, success, locked, reset, organisation, log_id, "
    "effective, fold_state) "
    "WHERE a.tenant_id = k.tenant_id AND a.account = k.account RETURNING 1) "
    "SELECT ln((count(*) = cardinality($1))::integer) FROM written";

constexpr std::string_view kSelect =
    "SELECT failed_login_attempts, account_locked_until, lock_kind, lock_reason, last_failed_at, last_success_at, "
    "last_locked_at, last_reset_at, organisation_id, log_id, effective_at "
    "FROM account_lockouts WHERE tenant_id = $1 AND account = $2";

/// One array of a parameter list: `put` adds the element of each account.
template <typename Accounts, typename Put>
Parameter array_of(ElementType type, const Accounts& accounts, Put put) {
  ArrayBuilder array(type);
  for (const auto& account : accounts) {
    put(array, account);
  }
  return array.take();
}

std::vector<Parameter> key_arrays(std::span<const AccountUpdate> accounts) {
  return {array_of(kText, accounts, [](auto& out, const AccountUpdate& each) { out.bytes(each.key.tenant_id); }),
          array_of(kText, accounts, [](auto& out, const AccountUpdate& each) { out.bytes(each.key.account); })};
}

std::optional<UtcMicros> time_or_null(const Rows& rows, int column) {
  return rows.is_null(0, column) ? std::nullopt : std::optional(timestamp_value(rows.value(0, column)));
}

std::optional<std::string> text_or_null(const Rows& rows, int column) {
  return rows.is_null(0, column) ? std::nullopt : std::optional(std::string(rows.value(0, column)));
}

}  // namespace

Statement create_accounts(std::span<const AccountUpdate> accounts) {
  return {kCreate, key_arrays(accounts)};
}

std::vector<Statement> lock_accounts(std::span<const AccountUpdate> accounts) {
  return {create_accounts(accounts), {kLock, key_arrays(accounts)}};
}

Statement recount_failures(std::span<const AccountUpdate* const> accounts) {
  using Update = const AccountUpdate*;
  return {kRecount,
          {array_of(kText, accounts, [](auto& out, Update each) { out.bytes(each->key.tenant_id); }),
           array_of(kText, accounts, [](auto& out, Update each) { out.bytes(each->key.account); }),
           array_of(kTimestamp, accounts, [](auto& out, Update each) {
             const auto& attempts = each->state.attempts;
             out.timestamp(attempts ? attempts->position.effective_at : kEarliestTime - 1);
           })}};
}

Statement update_accounts(std::span<const AccountUpdate> accounts) {
  std::vector<ShownAccount> rows;
  for (const AccountUpdate& account : accounts) {
    rows.push_back(shown(account.state));
  }
  using Row = const ShownAccount&;
  const auto times = [&](std::optional<UtcMicros> ShownAccount::*member) {
    return array_of(kTimestamp, rows, [&](auto& out, Row row) { out.timestamp_or_null(row.*member); });
  };
  const auto texts = [&](std::optional<std::string> ShownAccount::*member) {
    return array_of(kText, rows, [&](auto& out, Row row) { out.bytes_or_null(row.*member); });
  };
  std::vector<Parameter> parameters = key_arrays(accounts);
  parameters.push_back(array_of(kInt4, rows, [](auto& out, Row row) { out.int4(row.failed_login_attempts); }));
  parameters.push_back(times(&ShownAccount::account_locked_until));
  parameters.push_back(array_of(kText, rows, [](auto& out, Row row) { out.bytes(lock_kind_text(row.lock_kind)); }));
  parameters.push_back(texts(&ShownAccount::lock_reason));
  parameters.push_back(times(&ShownAccount::last_failed_at));
  parameters.push_back(times(&ShownAccount::last_success_at));
  parameters.push_back(times(&ShownAccount::last_locked_at));
  parameters.push_back(times(&ShownAccount::last_reset_at));
  parameters.push_back(texts(&ShownAccount::organisation_id));
  parameters.push_back(array_of(kText, rows, [](auto& out, Row row) { out.bytes(row.log_id); }));
  parameters.push_back(array_of(kTimestamp, rows, [](auto& out, Row row) { out.timestamp(row.effective_at); }));
  parameters.push_back(array_of(
      kBytea, accounts, [](auto& out, const AccountUpdate& each) { out.bytes(encode_account_state(each.state)); }));
  return {kUpdate, std::move(parameters)};
}

Statement select_account(const AccountKey& key) {
  return {kSelect, {text_parameter(key.tenant_id), text_parameter(key.account)}};
}

Result<ShownAccount> read_account(const Rows& rows) {
  ShownAccount account;
  account.failed_login_attempts = int4_value(rows.value(0, 0));
  account.account_locked_until = time_or_null(rows, 1);
  const std::string_view kind = rows.value(0, 2);
  if (kind == lock_kind_text(LockKind::kTemporary)) {
    account.lock_kind = LockKind::kTemporary;
  } else if (kind == lock_kind_text(LockKind::kPermanent)) {
    account.lock_kind = LockKind::kPermanent;
  } else if (kind != lock_kind_text(LockKind::kNone)) {
    return Error(ErrorKind::kCorrupt,
                 "account_lockouts.lock_kind holds a value that no agent wrote; restore that row from a backup");
  }
  account.lock_reason = text_or_null(rows, 3);
  account.last_failed_at = time_or_null(rows, 4);
  account.last_success_at = time_or_null(rows, 5);
  account.last_locked_at = time_or_null(rows, 6);
  account.last_reset_at = time_or_null(rows, 7);
  account.organisation_id = text_or_null(rows, 8);
  account.log_id = rows.value(0, 9);
  account.effective_at = timestamp_value(rows.value(0, 10));
  return account;
}

}  // namespace twinlog::postgres
