// Rows of the tables of the ledger, as COPY gives them in binary form, for `twinlog verify`: nothing in them is
// trusted, and whatever no writer of ours puts there is named.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/api/ledger_reader.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

/// One row of a COPY in binary form: values by the place of their column.
class Tuple {
 public:
  /// From a message of the COPY, of which the first begins with the header. Nothing for the trailer, and for bytes that
  /// are no row of so many columns (is_broken). The bytes must outlive the tuple.
  static std::optional<Tuple> read(std::string_view message, bool& is_broken);

  /// Of a row of binary results, which must outlive it.
  static Tuple of(const Rows& rows, int row);

  std::size_t size() const { return values_.size(); }
  bool is_null(std::size_t column) const { return !values_[column]; }
  /// "" for NULL.
  std::string_view value(std::size_t column) const { return values_[column].value_or(std::string_view{}); }

 private:
  std::vector<std::optional<std::string_view>> values_;
};

/// What could be read of a row, and what could not.
template <typename Row>
struct ReadRow {
  std::optional<Row> row;
  std::string key;    ///< For people.
  std::string words;  ///< What is wrong; "": nothing.
};

/// The columns are those of ledger_columns(), in their order.
LedgerRow read_version_row(const Tuple& tuple);
LedgerAccountRow read_account_row(const Tuple& tuple);
ReadRow<LedgerEpochRow> read_epoch_row(const Tuple& tuple);
ReadRow<LedgerTileRow> read_tile_row(const Tuple& tuple);
ReadRow<LedgerLeafRow> read_leaf_row(const Tuple& tuple);
ReadRow<LedgerCheckpointRow> read_checkpoint_row(const Tuple& tuple);

}  // namespace twinlog::postgres
