// Why an event was not taken: in words for its sender, and as two short lists for the metrics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace twinlog {

/// What a refusal is about, as metrics name it; kEvent is the whole of what was sent, kOther any member that is none of
/// the others.
enum class RejectedField : std::uint8_t {
  kEvent,
  kTenantId,
  kLogId,
  kOrganisationId,
  kEventType,
  kOccurredAt,
  kSchemaVersion,
  kOther,
};
inline constexpr std::size_t kRejectedFields = 8;
std::string_view rejected_field_text(RejectedField field);  ///< "event", "tenant_id", ..., "other"

enum class RejectionCause : std::uint8_t {
  kMissing,
  kInvalid,
  kRepeated,
  kTooLong,
  kNotJson,
  kNotAnObject,
  kNotAllowed,   ///< A tenant that this agent does not take.
  kUnsupported,  ///< Another schema_version than 1.
};
inline constexpr std::size_t kRejectionCauses = 8;
std::string_view rejection_cause_text(RejectionCause cause);  ///< "missing", "invalid", ..., "unsupported"

/// Why an event was not taken: the offending member ("" when it is the whole) and a reason in plain words that never
/// quotes the input.
struct Rejection {
  RejectionCause cause = RejectionCause::kInvalid;
  std::string field;
  std::string reason;

  /// `field` in the list of the metrics. The alias organization_id counts as organisation_id.
  RejectedField counted_field() const;
};

/// Of an event of more than so many bytes.
Rejection larger_than(std::size_t most_bytes);

}  // namespace twinlog
