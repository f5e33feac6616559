#include "plugins/api/ledger_reader.h"

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

/// For the next row; a table is read as a whole, and every page of it may come from a slow disk.
constexpr std::chrono::milliseconds kNextRow = std::chrono::minutes{5};

// Tables without statistics still have a size.
constexpr std::string_view kSizes =
    "SELECT CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint ELSE pg_relation_size(c.oid) / $2 END "
    "FROM unnest($1::text[]) WITH ORDINALITY AS k(name, ordinal) JOIN pg_class c ON c.oid = to_regclass(k.name) "
    "ORDER BY k.ordinal";
constexpr std::int64_t kBytesOfARow = 400;

constexpr auto kAll =
    std::to_array({kLedgerEpochs, kLedgerTiles, kLedgerLeaves, kLedgerCheckpoints, kRecords, kConflicts, kAccounts});

StoreError hold(std::string words) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(words)};
}

class PostgresLedgerReader final : public LedgerReader {
 public:
  explicit PostgresLedgerReader(StoreSettings settings) : connector_(std::move(settings), clock_) {}

  StoreStatus open() override {
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
    if (!tables->faults.empty()) {
      std::string words = "PostgreSQL does not hold what can be verified:";
      for (const std::string& fault : tables->faults) {
        words += " " + fault + ";";
      }
      return hold(words + " run `twinlog migrate` where the ledger is missing");
    }
    unknown_columns_ = std::move(tables->unknown);
    auto failure = begin_unfiltered(*connection_, kAll);
    roll_back(*connection_);
    return failure;
  }

  StoreResult<LedgerSizes> sizes() override {
    if (auto failure = connect()) {
      return std::move(*failure);
    }
    ArrayBuilder names(kText);
    for (const std::string_view name : {kRecords, kLedgerLeaves, kLedgerTiles}) {
      names.bytes(name);
    }
    auto rows = connection_->run_one({kSizes, {names.take(), int8_parameter(kBytesOfARow)}}, kQuestionLimit);
    if (!rows) {
      return std::move(rows).error();
    }
    const auto size = [&](int row) {
      return row < rows->count() ? static_cast<std::uint64_t>(int8_value(rows->value(row, 0))) : 0;
    };
    return LedgerSizes{.records = size(0), .leaves = size(1), .tiles = size(2)};
  }

  StoreStatus begin_snapshot() override {
    if (auto failure = connect()) {
      return failure;
    }
    auto failure = begin_unfiltered(*connection_, kAll);
    is_held_ = !failure.has_value();
    return failure;
  }

  void end_snapshot() override {
    if (std::exchange(is_held_, false)) {
      roll_back(*connection_);
    }
  }

  StoreStatus checkpoints(const RowSink<LedgerCheckpointRow>& sink) override {
    return read(kLedgerCheckpoints, read_checkpoint_row, sink);
  }
  StoreStatus epochs(const RowSink<LedgerEpochRow>& sink) override { return read(kLedgerEpochs, read_epoch_row, sink); }
  StoreStatus tiles(const RowSink<LedgerTileRow>& sink) override { return read(kLedgerTiles, read_tile_row, sink); }
  StoreStatus leaves(const RowSink<LedgerLeafRow>& sink) override { return read(kLedgerLeaves, read_leaf_row, sink); }

  StoreStatus accounts(const RowSink<LedgerAccountRow>& sink) override {
    return in_a_snapshot(std::to_array({kAccounts}), [&] {
      return each(kAccounts, [&](const Tuple& tuple) { return sink(read_account_row(tuple)); });
    });
  }

  StoreStatus rows(const RowSink<LedgerRow>& sink) override {
    return in_a_snapshot(std::to_array({kRecords, kConflicts}), [&]() -> StoreStatus {
      for (const std::string_view table : {kRecords, kConflicts}) {
        auto failure = each(table, [&](const Tuple& tuple) {
          LedgerRow row = read_version_row(tuple);
          row.is_conflict = table == kConflicts;
          return sink(std::move(row));
        });
        if (failure) {
          return failure;
        }
      }
      return std::nullopt;
    });
  }

  std::vector<std::string> unknown_columns() const override { return unknown_columns_; }
  void tell_broken(RowSink<BrokenRow> sink) override { broken_ = std::move(sink); }

 private:
  StoreStatus connect() { return connection_ != nullptr && connection_->is_usable() ? std::nullopt : open(); }

  template <std::size_t kTables, typename Reading>
  StoreStatus in_a_snapshot(const std::array<std::string_view, kTables>& tables, Reading reading) {
    if (is_held_) {
      return connection_->is_in_transaction() ? reading() : StoreStatus(hold("the connection was lost while reading"));
    }
    if (auto failure = connect()) {
      return failure;
    }
    if (auto failure = begin_unfiltered(*connection_, tables)) {
      return failure;
    }
    auto failure = reading();
    roll_back(*connection_);  // Nothing was written.
    return failure;
  }

  template <typename Taking>
  StoreStatus each(std::string_view table, Taking taking) {
    const std::string columns = ledger_columns(table);
    const auto count = static_cast<std::size_t>(std::count(columns.begin(), columns.end(), ',')) + 1;
    const std::string sql = "COPY (SELECT " + columns + " FROM " + std::string(table) + ") TO STDOUT (FORMAT binary)";
    return connection_->copy_out(sql, kNextRow, [&](std::string_view message) -> Status {
      bool is_broken = false;
      const auto tuple = Tuple::read(message, is_broken);
      if (is_broken || (tuple && tuple->size() != count)) {
        return Error(ErrorKind::kCorrupt, "PostgreSQL gave rows of " + std::string(table) + " in a form it never had");
      }
      return tuple ? taking(*tuple) : Status();
    });
  }

  Status tell(std::string_view table, std::string key, std::string words) {
    return words.empty() || !broken_ ? Status() : broken_({std::string(table), std::move(key), std::move(words)});
  }

  template <typename Row>
  StoreStatus read(std::string_view table, ReadRow<Row> (*reading)(const Tuple&), const RowSink<Row>& sink) {
    return in_a_snapshot(std::array{table}, [&] {
      return each(table, [&](const Tuple& tuple) -> Status {
        ReadRow<Row> read = reading(tuple);
        Status told = tell(table, std::move(read.key), std::move(read.words));
        return told && read.row ? sink(std::move(*read.row)) : told;
      });
    });
  }

  SystemClock clock_;
  Connector connector_;
  std::unique_ptr<Connection> connection_;
  bool is_held_ = false;  ///< Between begin_snapshot() and end_snapshot().
  std::vector<std::string> unknown_columns_;
  RowSink<BrokenRow> broken_;
};

}  // namespace
}  // namespace postgres

std::unique_ptr<LedgerReader> make_postgres_ledger_reader(StoreSettings settings) {
  return std::make_unique<postgres::PostgresLedgerReader>(std::move(settings));
}

}  // namespace twinlog
