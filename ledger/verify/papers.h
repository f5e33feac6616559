// Notes and beginnings of epochs as records of a sorted file: by epoch, beginnings first, then notes by size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"
#include "ledger/verify/finding.h"

namespace twinlog {

/// A row of ledger_epochs or of ledger_checkpoints, or a note of the archive.
struct Paper {
  enum class Kind : std::uint8_t { kEpoch, kNote };
  Kind kind = Kind::kEpoch;
  std::optional<StoreSide> store;  ///< Nothing: the archive.
  std::uint64_t size = 0;
  std::string root;
  std::string note;
  UtcMicros accepted_at = 0;
  std::string origin;
  std::string open;
  std::string retired;
};

std::string paper_record(const Uuid& id, const Paper& paper);
Paper read_paper(std::string_view record);

}  // namespace twinlog
