#include <array>

#include "plugins/postgres/schema/parts.h"

// Keys are compared bytewise ("C"), as the agent sorts them: the order of locks is the same for every agent, whatever
// the collation of the database. A record's content_hash is deleted when a field of it is erased, so it may be null.
namespace twinlog::postgres {

namespace {

constexpr auto kTables = std::to_array<std::string_view>({
    R"(CREATE TABLE auth_logs (
  tenant_id text COLLATE "C" NOT NULL,
  log_id text COLLATE "C" NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  organisation_id text COLLATE "C",
  user_id text COLLATE "C",
  username text COLLATE "C",
  actor_id text COLLATE "C",
  ip inet,
  remote_host text COLLATE "C",
  user_agent text COLLATE "C",
  channel text COLLATE "C",
  service text COLLATE "C",
  auth_method text COLLATE "C",
  failure_reason text COLLATE "C",
  failure_code text COLLATE "C",
  session_ref text COLLATE "C",
  request_id text COLLATE "C",
  failed_login_attempts integer,
  account_locked_until timestamptz,
  lock_kind text COLLATE "C",
  lock_reason text COLLATE "C",
  reset_reason text COLLATE "C",
  metadata jsonb,
  received_at timestamptz NOT NULL,
  effective_at timestamptz NOT NULL,
  agent text COLLATE "C" NOT NULL,
  account text COLLATE "C",
  repaired text[],
  content_hash bytea,
  epoch_id uuid NOT NULL,
  leaf_index bigint NOT NULL,
  has_conflict boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, log_id),
  CONSTRAINT auth_logs_keys_have_their_length
    CHECK (octet_length(tenant_id) BETWEEN 1 AND 128 AND octet_length(log_id) BETWEEN 1 AND 128),
  CONSTRAINT auth_logs_times_are_finite
    CHECK (isfinite(occurred_at) AND isfinite(received_at) AND isfinite(effective_at)),
  CONSTRAINT auth_logs_content_hash_is_sha256 CHECK (octet_length(content_hash) = 32)
))",
    R"(CREATE TABLE auth_log_conflicts (
  LIKE auth_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
  PRIMARY KEY (tenant_id, log_id, content_hash)
))",
    "ALTER TABLE auth_log_conflicts ALTER COLUMN has_conflict SET DEFAULT true",
    R"(CREATE TABLE account_lockouts (
  tenant_id text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  failed_login_attempts integer NOT NULL,
  account_locked_until timestamptz,
  lock_kind text COLLATE "C" NOT NULL,
  lock_reason text COLLATE "C",
  last_failed_at timestamptz,
  last_success_at timestamptz,
  last_locked_at timestamptz,
  last_reset_at timestamptz,
  organisation_id text COLLATE "C",
  log_id text COLLATE "C" NOT NULL,
  effective_at timestamptz NOT NULL,
  fold_state bytea NOT NULL,
  PRIMARY KEY (tenant_id, account)
) WITH (fillfactor = 70))",
    R"(CREATE TABLE twinlog_agents (
  epoch_id uuid PRIMARY KEY,
  agent text COLLATE "C" NOT NULL,
  last_leaf_index bigint NOT NULL,
  flushed_at timestamptz NOT NULL,
  newest_effective_at timestamptz NOT NULL,
  closed_at timestamptz
) WITH (fillfactor = 50))",
    R"(CREATE TABLE twinlog_reader_scope (
  role text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL,
  organisation_id text COLLATE "C"
))",
});

constexpr auto kIndexes = std::to_array<std::string_view>({
    "CREATE INDEX auth_logs_by_time ON auth_logs (tenant_id, occurred_at)",
    "CREATE INDEX auth_logs_by_account ON auth_logs (tenant_id, account, occurred_at)",
    "CREATE INDEX auth_logs_by_ip ON auth_logs (tenant_id, ip, occurred_at)",
    "CREATE INDEX auth_log_conflicts_by_account ON auth_log_conflicts (tenant_id, account, occurred_at)",
});

// What was received between two moments, however its clocks were: comparing two stores reads along it. BRIN, as rows
// come in about this order: some pages in all, and next to nothing for a writer.
constexpr auto kReceiptIndex = std::to_array<std::string_view>({
    "CREATE INDEX IF NOT EXISTS auth_logs_by_receipt ON auth_logs USING brin (received_at)",
});

}  // namespace

std::span<const std::string_view> table_statements() {
  return kTables;
}
std::span<const std::string_view> index_statements() {
  return kIndexes;
}
std::span<const std::string_view> receipt_index_statements() {
  return kReceiptIndex;
}

}  // namespace twinlog::postgres
