#include "plugins/api/proof_reader.h"

#include <utility>

#include "plugins/postgres/connector.h"
#include "plugins/postgres/ledger_row.h"
#include "plugins/postgres/ledger_tables.h"
#include "plugins/postgres/migrate.h"
#include "plugins/postgres/postgres_store.h"
#include "plugins/postgres/requirements.h"
#include "plugins/postgres/transaction.h"

namespace twinlog {
namespace postgres {
namespace {

constexpr std::chrono::milliseconds kAnswerLimit = std::chrono::minutes{1};

StoreError hold(std::string words) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(words)};
}

std::string select_from(std::string_view table) {
  return "SELECT " + ledger_columns(table) + " FROM " + std::string(table) + " WHERE ";
}

Parameter parameter_of(const Uuid& uuid) {
  return uuid_parameter(as_text(uuid));
}

class PostgresProofReader final : public ProofReader {
 public:
  explicit PostgresProofReader(StoreSettings settings) : connector_(std::move(settings), clock_) {}

  StoreStatus open() override;
  StoreResult<std::vector<LedgerRow>> versions(const EventKey& key) override;
  StoreResult<std::optional<LedgerEpochRow>> epoch(const Uuid& epoch_id) override;
  StoreResult<std::vector<LedgerCheckpointRow>> checkpoints(const LeafPlace& leaf, std::size_t most) override;
  StoreStatus tiles(const Uuid& epoch_id, std::uint64_t size, const RowSink<LedgerTileRow>& sink) override;

 private:
  StoreResult<Rows> ask(const Statement& statement) {
    auto failure = connection_ != nullptr && connection_->is_usable() ? std::nullopt : open();
    return failure ? StoreResult<Rows>(std::move(*failure)) : connection_->run_one(statement, kAnswerLimit);
  }

  SystemClock clock_;
  Connector connector_;
  std::unique_ptr<Connection> connection_;
};

StoreStatus PostgresProofReader::open() {
  auto opened = connector_.open();
  if (!opened) {
    return std::move(opened).error();
  }
  connection_ = std::move(opened).value();
  if (auto words = unmet_requirement(*connection_)) {
    return hold(std::move(*words));
  }
  if (auto state = read_schema_state(*connection_); !state) {
    return std::move(state).error();
  }
  auto tables = table_faults(*connection_);
  if (!tables) {
    return std::move(tables).error();
  }
  return tables->faults.empty() ? std::nullopt
                                : StoreStatus(hold("PostgreSQL does not hold a ledger: " + tables->faults.front() +
                                                   "; run `twinlog migrate`"));
}

StoreResult<std::vector<LedgerRow>> PostgresProofReader::versions(const EventKey& key) {
  std::vector<LedgerRow> found;
  for (const std::string_view table : {kRecords, kConflicts}) {
    const std::string sql = select_from(table) + "tenant_id = $1 AND log_id = $2 LIMIT $3";
    const auto most = static_cast<std::int64_t>(kMostVersionsRead - found.size());
    auto rows = ask({sql, {text_parameter(key.tenant_id), text_parameter(key.log_id), int8_parameter(most)}});
    if (!rows) {
      return std::move(rows).error();
    }
    for (int row = 0; row < rows->count(); ++row) {
      found.push_back(read_version_row(Tuple::of(*rows, row)));
      found.back().is_conflict = table == kConflicts;
    }
  }
  return found;
}

StoreResult<std::optional<LedgerEpochRow>> PostgresProofReader::epoch(const Uuid& epoch_id) {
  const std::string sql = select_from(kLedgerEpochs) + "epoch_id = $1";
  auto rows = ask({sql, {parameter_of(epoch_id)}});
  if (!rows) {
    return std::move(rows).error();
  }
  return rows->count() == 0 ? std::nullopt : read_epoch_row(Tuple::of(*rows, 0)).row;
}

StoreResult<std::vector<LedgerCheckpointRow>> PostgresProofReader::checkpoints(const LeafPlace& leaf,
                                                                               std::size_t most) {
  const std::string sql = select_from(kLedgerCheckpoints) + "epoch_id = $1 AND size > $2 ORDER BY size LIMIT $3";
  auto rows = ask({sql,
                   {parameter_of(leaf.epoch_id), int8_parameter(static_cast<std::int64_t>(leaf.index)),
                    int8_parameter(static_cast<std::int64_t>(most))}});
  if (!rows) {
    return std::move(rows).error();
  }
  std::vector<LedgerCheckpointRow> found;
  for (int row = 0; row < rows->count(); ++row) {
    if (auto read = read_checkpoint_row(Tuple::of(*rows, row)).row) {
      found.push_back(std::move(*read));
    }
  }
  return found;
}

StoreStatus PostgresProofReader::tiles(const Uuid& epoch_id, std::uint64_t size, const RowSink<LedgerTileRow>& sink) {
  if (auto failure = connection_ != nullptr && connection_->is_usable() ? std::nullopt : open()) {
    return failure;
  }
  // A COPY takes no parameters, and unlike an answer it is not held in memory as a whole.
  const std::string sql = "COPY (" + select_from(kLedgerTiles) + "epoch_id = '" + uuid_text(epoch_id) +
                          "' AND first_index < " + std::to_string(size) +
                          " ORDER BY first_index, leaf_count) TO STDOUT (FORMAT binary)";
  return connection_->copy_out(sql, kAnswerLimit, [&sink](std::string_view message) -> Status {
    bool is_broken = false;
    const auto tuple = Tuple::read(message, is_broken);
    if (is_broken) {
      return Error(ErrorKind::kCorrupt, "PostgreSQL gave rows of ledger_tiles in a form it never had");
    }
    auto tile = tuple ? read_tile_row(*tuple).row : std::nullopt;
    return tile ? sink(std::move(*tile)) : Status();
  });
}

}  // namespace
}  // namespace postgres

std::unique_ptr<ProofReader> make_postgres_proof_reader(StoreSettings settings) {
  return std::make_unique<postgres::PostgresProofReader>(std::move(settings));
}

}  // namespace twinlog
