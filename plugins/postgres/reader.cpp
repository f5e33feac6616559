#include <optional>
#include <utility>

#include "plugins/postgres/account_rows.h"
#include "plugins/postgres/columns.h"
#include "plugins/postgres/connector.h"
#include "plugins/postgres/postgres_store.h"

namespace twinlog {
namespace postgres {
namespace {

/// For one question of a reader, however many keys it names.
constexpr std::chrono::milliseconds kReadLimit = std::chrono::seconds{60};

constexpr std::string_view kLeaves =
    "SELECT l.epoch_id, l.leaf_index, l.leaf FROM unnest($1::uuid[], $2::bigint[]) AS k(epoch_id, leaf_index) "
    "JOIN ledger_leaves l ON l.epoch_id = k.epoch_id AND l.leaf_index = k.leaf_index";
/// PRUNE leaves (the byte behind "TWL1" is the type) in which the id of one of these epochs occurs anywhere.
constexpr std::string_view kPrunes =
    "SELECT epoch_id, leaf_index, leaf FROM ledger_leaves WHERE log_id IS NULL AND substr(leaf, 5, 1) = '\\x09' AND "
    "EXISTS (SELECT FROM unnest($1::uuid[]) AS k(epoch_id) WHERE position(uuid_send(k.epoch_id) IN leaf) > 0)";
constexpr std::string_view kNewestCheckpoints =
    "SELECT c.epoch_id, c.note, coalesce(e.open, ''), coalesce(e.note, '') FROM ledger_checkpoints c "
    "LEFT JOIN ledger_epochs e ON e.epoch_id = c.epoch_id ORDER BY c.accepted_at DESC, c.size DESC LIMIT $1";

Uuid uuid_value(std::string_view bytes) {
  return array_from<sizeof(Uuid)>(bytes).value_or(Uuid{});
}

StoreError unreadable(const Error& error) {
  return {.reaction = Reaction::kStop, .code = "", .constraint = "", .words = error.message()};
}

/// The rows of `table` with keys among $1, $2: all columns, then what read_version() asks beside them.
std::string select_by_keys(std::string_view table) {
  const std::string name(table);
  return "SELECT " + column_selects(table) + ", " + name + ".has_conflict, " + name + ".salts IS NOT NULL, " + name +
         ".record_key IS NOT NULL FROM " + name +
         " JOIN unnest($1::text[], $2::text[]) AS k(key_tenant_id, key_log_id) ON " + name +
         ".tenant_id = k.key_tenant_id AND " + name + ".log_id = k.key_log_id";
}

Result<StoredVersion> read_version(const Rows& rows, int row) {
  StoredVersion stored;
  int column = 0;
  for (const Column& each : columns()) {
    if (!rows.is_null(row, column)) {
      Status taken = each.take(stored, rows.value(row, column));
      if (!taken) {
        return taken.error();
      }
    }
    ++column;
  }
  stored.has_conflict = bool_value(rows.value(row, column));
  stored.is_erased = bool_value(rows.value(row, column + 1));
  if (!bool_value(rows.value(row, column + 2))) {
    stored.version.ledger.reset();  // Its leaf cannot be made again.
  }
  return stored;
}

class PostgresReader final : public StoreReader {
 public:
  explicit PostgresReader(StoreSettings settings) : connector_(std::move(settings), clock_) {}

  StoreResult<std::vector<StoredVersion>> records(std::span<const EventKey> keys) override {
    static const std::string sql = select_by_keys("auth_logs");
    return read(sql, keys);
  }

  StoreResult<std::vector<StoredVersion>> conflicts(std::span<const EventKey> keys) override {
    static const std::string sql = select_by_keys("auth_log_conflicts");
    return read(sql, keys);
  }

  StoreResult<std::optional<ShownAccount>> account(const AccountKey& key) override {
    auto rows = ask(select_account(key));
    if (!rows) {
      return std::move(rows).error();
    }
    if (rows->count() == 0) {
      return std::optional<ShownAccount>();
    }
    Result<ShownAccount> account = read_account(*rows);
    if (!account) {
      return unreadable(account.error());
    }
    return std::optional(std::move(*account));
  }

  StoreResult<std::vector<StoredLeaf>> leaves(std::span<const LeafPlace> places) override {
    ArrayBuilder epochs(kUuid);
    ArrayBuilder indices(kInt8);
    for (const LeafPlace& place : places) {
      epochs.bytes(as_text(place.epoch_id));
      indices.int8(static_cast<std::int64_t>(place.index));
    }
    return read_leaves({kLeaves, {epochs.take(), indices.take()}});
  }

  StoreResult<std::vector<StoredLeaf>> prunes_of(std::span<const Uuid> epochs) override {
    ArrayBuilder wanted(kUuid);
    for (const Uuid& epoch_id : epochs) {
      wanted.bytes(as_text(epoch_id));
    }
    return read_leaves({kPrunes, {wanted.take()}});
  }

  StoreResult<std::vector<SeenCheckpoint>> newest_checkpoints(std::size_t most) override {
    auto rows = ask({kNewestCheckpoints, {int8_parameter(static_cast<std::int64_t>(most))}});
    if (!rows) {
      return std::move(rows).error();
    }
    std::vector<SeenCheckpoint> found;
    found.reserve(static_cast<std::size_t>(rows->count()));
    for (int row = 0; row < rows->count(); ++row) {
      found.push_back({.epoch_id = uuid_value(rows->value(row, 0)),
                       .note = std::string(rows->value(row, 1)),
                       .open = std::string(rows->value(row, 2)),
                       .beginning_note = std::string(rows->value(row, 3))});
    }
    return found;
  }

 private:
  StoreResult<Rows> ask(Statement statement) {
    if (connection_ == nullptr || !connection_->is_usable()) {
      auto opened = connector_.open();
      if (!opened) {
        return std::move(opened).error();
      }
      connection_ = std::move(opened).value();
    }
    return connection_->run_one(std::move(statement), kReadLimit);
  }

  StoreResult<std::vector<StoredLeaf>> read_leaves(Statement statement) {
    auto rows = ask(std::move(statement));
    if (!rows) {
      return std::move(rows).error();
    }
    std::vector<StoredLeaf> found;
    found.reserve(static_cast<std::size_t>(rows->count()));
    for (int row = 0; row < rows->count(); ++row) {
      found.push_back({.place = {.epoch_id = uuid_value(rows->value(row, 0)),
                                 .index = static_cast<std::uint64_t>(int8_value(rows->value(row, 1)))},
                       .leaf = std::string(rows->value(row, 2))});
    }
    return found;
  }

  StoreResult<std::vector<StoredVersion>> read(const std::string& sql, std::span<const EventKey> keys) {
    ArrayBuilder tenants(kText);
    ArrayBuilder log_ids(kText);
    for (const EventKey& key : keys) {
      tenants.bytes(key.tenant_id);
      log_ids.bytes(key.log_id);
    }
    auto rows = ask({sql, {tenants.take(), log_ids.take()}});
    if (!rows) {
      return std::move(rows).error();
    }
    std::vector<StoredVersion> found;
    for (int row = 0; row < rows->count(); ++row) {
      Result<StoredVersion> stored = read_version(*rows, row);
      if (!stored) {
        return unreadable(stored.error());
      }
      found.push_back(std::move(*stored));
    }
    return found;
  }

  SystemClock clock_;
  Connector connector_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace
}  // namespace postgres

std::unique_ptr<StoreReader> make_postgres_reader(StoreSettings settings) {
  return std::make_unique<postgres::PostgresReader>(std::move(settings));
}

}  // namespace twinlog
