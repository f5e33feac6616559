#include "ledger/record/rejection.h"

#include <algorithm>

namespace twinlog {
namespace {

constexpr std::array<std::string_view, kRejectedFields> kFields = {
    "event", "tenant_id", "log_id", "organisation_id", "event_type", "occurred_at", "schema_version", "other"};
constexpr std::array<std::string_view, kRejectionCauses> kCauses = {
    "missing", "invalid", "repeated", "too_long", "not_json", "not_an_object", "not_allowed", "unsupported"};

}  // namespace

std::string_view rejected_field_text(RejectedField field) {
  return kFields.at(static_cast<std::size_t>(field));
}

std::string_view rejection_cause_text(RejectionCause cause) {
  return kCauses.at(static_cast<std::size_t>(cause));
}

Rejection larger_than(std::size_t most_bytes) {
  return {RejectionCause::kTooLong, "",
          "is larger than the limit of " + std::to_string(most_bytes) + " bytes for one event"};
}

RejectedField Rejection::counted_field() const {
  if (field.empty()) {
    return RejectedField::kEvent;
  }
  if (field == "organization_id") {
    return RejectedField::kOrganisationId;
  }
  // Neither the whole's name nor "other" is one of a member that a sender may have sent twice.
  const auto* const known = std::find(kFields.begin() + 1, kFields.end() - 1, field);
  return static_cast<RejectedField>(known - kFields.begin());
}

}  // namespace twinlog
