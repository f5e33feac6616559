#include <array>
#include <vector>

#include "plugins/postgres/schema/parts.h"
#include "plugins/postgres/schema/steps.h"

// What makes the record tamper-evident (docs/LEDGER.md). The columns have no default, so that a table of any size gets
// them in a moment and older agents leave them NULL: their rows have no leaf.
//
// Of a leaf that is an event nothing is stored: it is made again from the row. A tile holds hashes, which nothing can
// compress (EXTERNAL: nobody tries).
namespace twinlog::postgres {
namespace {

constexpr auto kLedger = std::to_array<std::string_view>({
    // In the order that costs a row the least room.
    "ALTER TABLE auth_logs ADD COLUMN IF NOT EXISTS tenant_seq bigint, ADD COLUMN IF NOT EXISTS peer_uid bigint, "
    "ADD COLUMN IF NOT EXISTS peer_gid bigint, ADD COLUMN IF NOT EXISTS ingress smallint, "
    "ADD COLUMN IF NOT EXISTS record_key bytea, ADD COLUMN IF NOT EXISTS salts bytea",
    "ALTER TABLE auth_log_conflicts ADD COLUMN IF NOT EXISTS tenant_seq bigint, "
    "ADD COLUMN IF NOT EXISTS peer_uid bigint, ADD COLUMN IF NOT EXISTS peer_gid bigint, "
    "ADD COLUMN IF NOT EXISTS ingress smallint, ADD COLUMN IF NOT EXISTS record_key bytea, "
    "ADD COLUMN IF NOT EXISTS salts bytea",
    R"(CREATE TABLE IF NOT EXISTS ledger_epochs (
  epoch_id uuid PRIMARY KEY,
  origin text COLLATE "C" NOT NULL,
  open bytea NOT NULL,
  note text COLLATE "C" NOT NULL,
  retired text COLLATE "C"
))",
    R"(CREATE TABLE IF NOT EXISTS ledger_tiles (
  epoch_id uuid NOT NULL,
  first_index bigint NOT NULL,
  leaf_count integer NOT NULL,
  first_accept_at timestamptz NOT NULL,
  last_accept_at timestamptz NOT NULL,
  hashes bytea NOT NULL,
  PRIMARY KEY (epoch_id, first_index, leaf_count)
))",
    "ALTER TABLE ledger_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL",
    R"(CREATE TABLE IF NOT EXISTS ledger_leaves (
  epoch_id uuid NOT NULL,
  leaf_index bigint NOT NULL,
  leaf bytea NOT NULL,
  tenant_id text COLLATE "C",
  log_id text COLLATE "C",
  tenant_seq bigint,
  record_key bytea,
  salts bytea,
  PRIMARY KEY (epoch_id, leaf_index)
))",
    R"(CREATE TABLE IF NOT EXISTS ledger_checkpoints (
  epoch_id uuid NOT NULL,
  size bigint NOT NULL,
  root bytea NOT NULL,
  note text COLLATE "C" NOT NULL,
  accepted_at timestamptz NOT NULL,
  PRIMARY KEY (epoch_id, size, root)
))",
    "CREATE INDEX IF NOT EXISTS ledger_checkpoints_by_acceptance ON ledger_checkpoints (accepted_at)",
    "ALTER TABLE ledger_leaves ENABLE ROW LEVEL SECURITY",
    // Erasure, retention: which further acceptances a record has.
    "CREATE INDEX IF NOT EXISTS ledger_leaves_by_record ON ledger_leaves (tenant_id, log_id) WHERE tenant_id IS NOT "
    "NULL",
    // As of all columns that readers may see (quiet_walls.cpp).
    R"(DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT c.oid::regclass AS relation, a.attname FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = current_schema()::regnamespace
      AND (c.relname = 'ledger_leaves' OR c.relname IN ('auth_logs', 'auth_log_conflicts')
        AND a.attname IN ('tenant_seq', 'ingress', 'peer_uid', 'peer_gid', 'record_key', 'salts'))
      AND c.relkind IN ('r', 'p')
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', each.relation, each.attname);
  END LOOP;
END $$)",
    "ALTER TABLE ledger_tiles SET (autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_freeze_min_age = 10000000)",
});

// Its gaps tell the traffic of other tenants.
constexpr auto kReadersLose = std::to_array<std::string_view>({
    R"(DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'twinlog_reader') THEN
    REVOKE SELECT (leaf_index) ON auth_logs, auth_log_conflicts FROM twinlog_reader;
  END IF;
END $$)",
});

// A walk through time (`twinlog verify`, retention) reads along it. BRIN with small ranges: some pages in all.
constexpr auto kAcceptanceIndex = std::to_array<std::string_view>({
    "CREATE INDEX IF NOT EXISTS auth_logs_by_acceptance ON auth_logs USING brin (received_at) "
    "WITH (pages_per_range = 32, autosummarize = on)",
});

}  // namespace

std::span<const std::string_view> ledger_statements() {
  static const auto statements = [] {
    std::vector<std::string_view> all(kLedger.begin(), kLedger.end());
    all.insert(all.end(), grant_statements().begin(), grant_statements().end());
    return all;
  }();
  return statements;
}
std::span<const std::string_view> readers_lose_statements() {
  return kReadersLose;
}
std::span<const std::string_view> acceptance_index_statements() {
  return kAcceptanceIndex;
}

}  // namespace twinlog::postgres
