// twinlog-disclosure@v1: what a proof's leaf says of the event's content, field by field, and how its epoch began. A
// field is shown with its salt, or stands there as a commitment only.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "ledger/base/result.h"
#include "ledger/leaf/commitment.h"
#include "ledger/record/auth_event.h"

namespace twinlog {

inline constexpr std::size_t kMostDisclosureBytes = 1U << 20U;
inline constexpr std::uint8_t kAlwaysDisclosed = 4;  ///< Fields 1 to 4: tenant_id, log_id, event_type, occurred_at.

struct ShownField {
  std::string value;  ///< The bytes that are committed to (field_table.h).
  Salt salt{};
  bool operator==(const ShownField&) const = default;
};
using DisclosedField = std::variant<ShownField, Digest>;

struct Disclosure {
  std::string open;                                    ///< The OPEN leaf.
  std::string note;                                    ///< Of size 1.
  std::map<std::uint8_t, DisclosedField> fields = {};  ///< All that the event has.
  bool operator==(const Disclosure&) const = default;
};

/// The fields of a version: those of `shown`, and always 1 to 4, with value and salt, the others as commitments.
std::map<std::uint8_t, DisclosedField> disclose(const AuthEvent& event, const RecordKey& key,
                                                const std::set<std::uint8_t>& shown);
/// Of a version of which something was erased: what is gone stays a commitment.
std::map<std::uint8_t, DisclosedField> disclose(const AuthEvent& event, const KeptFields& kept,
                                                const std::set<std::uint8_t>& shown);

/// JSON of one line, with its line feed. Fields that are shown must be known to field_table.h.
std::string disclosure_text(const Disclosure& disclosure);
/// kInvalid, in words, unless it is exactly what disclosure_text() gives (the line feed at its end may be missing).
Result<Disclosure> parse_disclosure(std::string_view text);

/// What the leaf's content root must be.
Digest content_root(const Disclosure& disclosure);

}  // namespace twinlog
