// A version as one line of JSON for people and tools (`twinlog spool export`): the members of docs/EVENTS.md in the
// order of their names, times as RFC 3339 with six digits, absent members left out.
#pragma once

#include <string>

#include "ledger/record/auth_event.h"

namespace twinlog {

enum class VersionMembers : std::uint8_t {
  kContent,   ///< What the content hash is over.
  kAll,       ///< Content and acceptance (agent, content_hash, effective_at, epoch_id, leaf_index, received_at).
  kSendable,  ///< What a sender sends: read again, the line gives the same content.
};

/// Appends the line with its LF.
void append_version_line(std::string& out, const Version& version, VersionMembers members);

}  // namespace twinlog
