// Puts together an event's metadata: what was sent as such, and what moves into it (docs/EVENTS.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/record/json_tape.h"

namespace twinlog {

struct Metadata {
  std::string json;               ///< Canonical, within the limits.
  bool has_repeated_key = false;  ///< Of equal keys the last was kept.
  bool is_over_limits = false;    ///< Of what was too long or too deep only size and hash are in `json`.
};

/// `object`: index of the object that was sent, if any; `movers`: keys of the members that move in, in bytewise order
/// of their names. All of it must have been cleaned.
Metadata assemble_metadata(const JsonTape& tape, std::optional<std::uint32_t> object,
                           const std::vector<std::uint32_t>& movers);

}  // namespace twinlog
