// How a leaf speaks of an event's content without saying it: each field is committed to under a salt of its own, and
// the leaf holds the hash over all commitments (ledger/FORMAT.md). So each field can be disclosed or erased by itself,
// and no hash can be guessed at.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/base/result.h"
#include "ledger/record/auth_event.h"

namespace twinlog {

using Salt = std::array<std::uint8_t, 16>;

/// AES-128(record_key, a block of 15 zero bytes and the field's number).
Salt salt_of(const RecordKey& key, std::uint8_t field);
/// SHA-256("TWC1" || field || salt || value).
Digest commitment(std::uint8_t field, const Salt& salt, std::string_view value);

/// Of the fields that are there. Callable from every thread.
Digest content_root(const AuthEvent& event, const RecordKey& key);
/// SHA-256("TWR1" || field || commitment || ...), fields ascending.
Digest content_root(const std::map<std::uint8_t, Digest>& commitments);

/// What is kept of one field of a version of which something was erased: its salt, or, where the value itself is gone,
/// its commitment.
using KeptField = std::variant<Salt, Digest>;
using KeptFields = std::map<std::uint8_t, KeptField>;

/// The column `salts`, and back; kInvalid unless it is exactly that, fields ascending.
std::string salts_bytes(const KeptFields& fields);
Result<KeptFields> parse_salts(std::string_view bytes);

/// What has to be kept of a version whole or already erased in part (`kept` is not empty then), when `erased` are to be
/// gone: salts of what stays, commitments of what goes. Fields that are not there are none of it.
KeptFields kept_after(const AuthEvent& event, const RecordKey& key, const std::vector<std::uint8_t>& erased);
KeptFields kept_after(const AuthEvent& event, const KeptFields& kept, const std::vector<std::uint8_t>& erased);

/// From what is left of the event. kInvalid where a field that has a salt is not there, or one that is there has none.
Result<Digest> content_root(const AuthEvent& rest, const KeptFields& kept);

}  // namespace twinlog
