// Reads everything that a spool consists of, without changing anything: `twinlog spool check`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"
#include "spool/spool.h"
#include "spool/stopped_spool.h"

namespace twinlog {

struct SpoolCheck {
  /// What is wrong, in sentences; ranges of events stand in them as FIRST-LAST. None: all that was promised is there,
  /// or was delivered, or is on record as lost.
  std::vector<std::string> findings;
  /// Whether the database opens as it is; otherwise an opening for writing puts it together anew from what is whole.
  bool does_open = true;
  bool is_in_use = false;                 ///< An agent has it open, and went on meanwhile.
  Uuid epoch_id{};                        ///< The newest, where it opens.
  bool is_ids_damaged = false;            ///< The memory of ids: what was lost of it is forgotten.
  std::vector<LeafRange> unreadable;      ///< Events that are there and damaged.
  std::vector<LeafRange> to_put_back;     ///< Those, and missing ones, that can be read elsewhere in the folder.
  std::vector<LeafRange> to_lose;         ///< The rest of them.
  std::vector<std::string> known_damage;  ///< Tables of which all that cannot be read is on record as lost.
  std::vector<Loss> losses;               ///< On record, and nobody has acknowledged them.
  std::vector<AcknowledgedLoss> acknowledged;
  std::vector<std::string> kept;                                     ///< Folders `damaged-*` of earlier openings.
  std::uint64_t tables = 0, logs = 0, events = 0, dead_letters = 0;  ///< Read.
};

/// What is being done ("reading tables"), so much of so much.
using CheckProgress = std::function<void(std::string_view what, std::uint64_t done, std::uint64_t all)>;

/// Beside a running agent it reads what is promised when it begins, and the log that is being written up to its last
/// whole record; a file that is gone before it was read is no finding, as what it held lies elsewhere or was trimmed.
/// Errors: kRefused, as open_stopped_spool(), but for the use; kTransient, where the folder cannot be read at all.
Result<SpoolCheck> check_spool(const std::string& path, const CheckProgress& progress);
/// The same where it is known whether an agent has it open. Not kAbsent.
Result<SpoolCheck> check_spool_as(const std::string& path, SpoolUse use, const CheckProgress& progress);

}  // namespace twinlog
