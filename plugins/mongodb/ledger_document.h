// Documents of the ledger's collections as they lie there, for `twinlog verify`: nothing in them is trusted, and
// whatever no writer of ours puts there is named.
#pragma once

#include <optional>
#include <string>

#include "plugins/api/ledger_reader.h"
#include "plugins/mongodb/document.h"

namespace twinlog::mongodb {

/// What could be read of a document, and what could not.
template <typename Row>
struct ReadDocument {
  std::optional<Row> row = {};
  std::string key;    ///< For people.
  std::string words;  ///< What is wrong; "": nothing.
};

LedgerRow read_version_document(Shelf shelf, const BsonFields& fields);
LedgerAccountRow read_account_document(const BsonFields& fields);
ReadDocument<LedgerEpochRow> read_epoch_document(const BsonFields& fields);
ReadDocument<LedgerTileRow> read_tile_document(const BsonFields& fields);
ReadDocument<LedgerLeafRow> read_leaf_document(const BsonFields& fields);
ReadDocument<LedgerCheckpointRow> read_checkpoint_document(const BsonFields& fields);

}  // namespace twinlog::mongodb
