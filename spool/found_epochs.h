// After damage: what the items themselves tell of the epochs that they are of.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "ledger/base/result.h"
#include "spool/database.h"
#include "spool/ledger_layout.h"

namespace rocksdb {
class WriteBatch;
}

namespace twinlog {

struct FoundEpochs {
  std::optional<std::uint64_t> first_number;         ///< Nothing: there is no item.
  std::map<std::uint64_t, StoredEpoch> with_ledger;  ///< By base. Without notes.
  std::optional<Uuid> without;                       ///< The one from before the ledger.
};

/// Reads all items, and puts into the batch the marks of own leaves, and the epochs with a ledger, that the meta keys
/// have lost. Their notes are gone, unless a store has them.
FoundEpochs complete_epochs(const Database& database, rocksdb::WriteBatch& batch);

/// The same, written at once.
Status put_back_epochs(Database& database);

}  // namespace twinlog
