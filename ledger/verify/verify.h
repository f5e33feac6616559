// `twinlog verify`: whether what the stores hold is what agents signed (ledger/FORMAT.md). Memory
// does not grow with the record: everything is sorted through temporary files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/note/archive.h"
#include "ledger/note/trust_file.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/sorted_file.h"
#include "ledger/verify/verify_watch.h"
#include "plugins/api/ledger_reader.h"

namespace twinlog {

struct VerifyStore {
  StoreSide side = StoreSide::kPostgres;
  LedgerReader& reader;
};

enum class VerifyStep : std::uint8_t { kNotes, kReading, kProving, kComparing, kAccounts };

struct VerifyProgress {
  VerifyStep step = VerifyStep::kNotes;
  std::uint64_t done = 0;  ///< Rows, while they are read.
  std::uint64_t all = 0;   ///< An estimate; 0: not known.
};

struct VerifyOrder {
  std::vector<VerifyStore> stores;  ///< Opened; one or two, each another side.
  std::optional<TrustFile> trust;   ///< Nothing: none was given.
  Archive archive;
  std::optional<UtcMicros> since;
  UtcMicros now = 0;
  SortSettings sorting;
  /// Called now and then by the thread that called verify().
  std::function<void(const VerifyProgress&)> on_progress = {};
  VerifyWatch* watch = nullptr;
};

struct VerifyOutcome {
  VerifySummary summary;
  std::uint64_t temporary_bytes = 0;
};

/// Reads each store in a thread of its own. An error: the stores could not be read to their ends, or the temporary
/// files not be kept; what was found until then is in the log.
Result<VerifyOutcome> verify_stores(const VerifyOrder& order, FindingLog& log);

}  // namespace twinlog
