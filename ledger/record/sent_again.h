// Lines that `twinlog spool export --for-sending` wrote of records that had been repaired. Their content says so, and
// no repair is left to be made in it; so such a line carries what the agent had added, and the hash that proves it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/record/auth_event.h"
#include "ledger/record/event_members.h"

namespace twinlog {

struct SentAgain {
  Digest content_hash{};
  std::vector<std::string> repaired;
  std::optional<std::uint32_t> remote_host;  ///< Index of the value.
};

/// What the line claims, when its unknown members are a content_hash, the names of fields in `repaired`, and at most
/// remote_host. It holds where the content that the other members give with it has this hash; else these are unknown
/// members like others.
std::optional<SentAgain> sent_again(const JsonTape& tape, const EventMembers& members);

}  // namespace twinlog
