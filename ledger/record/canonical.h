// The canonical bytes of an event's content: RFC 8785 JSON of the fields of docs/EVENTS.md except received_at,
// effective_at and agent; times as integer UTC microseconds, absent fields left out. Vectors: ledger/FORMAT.md.
// One deviation from RFC 8785, on purpose: integers are written exactly, also beyond 2^53 (times after year 2255).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/base/result.h"
#include "ledger/record/auth_event.h"

namespace twinlog {

/// The canonical content of `event`; an empty log_id (still to be made) is left out. Pure.
std::string canonical_content(const AuthEvent& event);
/// SHA-256 over canonical content bytes. Pure.
Digest content_hash(std::string_view canonical);
/// The event whose canonical content these bytes are. kCorrupt when they are not canonical content of an event
/// (checked by writing it again and comparing).
Result<AuthEvent> parse_content(std::string_view canonical);

/// The layout of encoded versions that this build writes; it reads layout 1, too (ledger/FORMAT.md).
inline constexpr std::uint8_t kVersionLayout = 2;

/// The value that the spool keeps for a version (layout: ledger/FORMAT.md): a fixed big-endian header, the agent's
/// name, and the canonical content. `canonical` must be canonical_content(version.event).
std::string encode_version(const Version& version, std::string_view canonical);
/// kCorrupt when the bytes are not an encoded version or when the content does not have the hash in the header.
Result<Version> decode_version(std::string_view bytes);

}  // namespace twinlog
