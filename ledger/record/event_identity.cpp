#include "ledger/record/event_identity.h"

#include <algorithm>

#include "ledger/record/ascii.h"
#include "ledger/record/json_number.h"
#include "ledger/record/redaction.h"
#include "ledger/record/timestamp.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostIdBytes = 128;
constexpr std::size_t kMostEventTypeBytes = 64;
constexpr std::int64_t kSchemaVersion = 1;

bool is_id_character(char c) {
  return is_alphanumeric(c) || std::string_view("._:~-").find(c) != std::string_view::npos;
}

// An id shaped like a token is not an id: it could be neither kept nor redacted. `nonce:7f3a` is one: ids are opaque.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kMostIdBytes && std::all_of(text.begin(), text.end(), is_id_character) &&
         !holds_token(text);
}

bool is_event_type(std::string_view text) {
  return !text.empty() && text.size() <= kMostEventTypeBytes && is_lower(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '.'; });
}

class IdentityReader {
 public:
  IdentityReader(const JsonTape& tape, const EventMembers& members, const EventReaderSettings& settings)
      : tape_(tape), members_(members), settings_(settings) {}

  std::variant<EventIdentity, Rejection> read() {
    const bool is_fine =
        schema_version() && tenant_id() && log_id() && organisation_id() && event_type() && occurred_at();
    if (!is_fine) {
      return std::move(rejection_);
    }
    return std::move(identity_);
  }

 private:
  bool reject(Member member, RejectionCause cause, std::string reason) {
    rejection_ = {cause, std::string(member_name(member)), std::move(reason)};
    return false;
  }
  bool is(std::uint32_t value, NodeKind kind) const { return tape_.nodes[value].kind == kind; }

  bool schema_version() {
    const auto value = members_.value(Member::kSchemaVersion);
    const bool is_known =
        !value || (is(*value, NodeKind::kNumber) && integer_value(tape_.view(*value)) == kSchemaVersion);
    return is_known || reject(Member::kSchemaVersion, RejectionCause::kUnsupported, "only schema_version 1 is known");
  }

  // The id into `place`, which keeps its value where the member is absent.
  bool id(Member member, std::string& place) {
    const auto value = members_.value(member);
    if (!value) {
      return true;
    }
    if (!is(*value, NodeKind::kString) || !is_id(tape_.view(*value))) {
      return reject(member, RejectionCause::kInvalid,
                    "must be a string of 1 to 128 of the characters A-Z a-z 0-9 . _ : ~ - and no token");
    }
    place.assign(tape_.view(*value));
    return true;
  }

  bool tenant_id() {
    identity_.tenant_id = settings_.default_tenant;
    if (!id(Member::kTenantId, identity_.tenant_id)) {
      return false;
    }
    if (identity_.tenant_id.empty()) {
      return reject(Member::kTenantId, RejectionCause::kMissing, "is missing and the agent has no default tenant");
    }
    const auto& allowed = settings_.allow_tenants;
    return allowed.empty() || std::find(allowed.begin(), allowed.end(), identity_.tenant_id) != allowed.end() ||
           reject(Member::kTenantId, RejectionCause::kNotAllowed, "is not one of the tenants that this agent takes");
  }

  bool log_id() { return id(Member::kLogId, identity_.log_id); }

  bool organisation_id() {
    const bool has_name = members_.value(Member::kOrganisationId).has_value();
    const bool has_alias = members_.value(Member::kOrganizationId).has_value();
    identity_.has_spare_alias = has_name && has_alias;
    std::string text;
    if (!id(has_name ? Member::kOrganisationId : Member::kOrganizationId, text)) {
      rejection_.field = member_name(Member::kOrganisationId);
      return false;
    }
    if (!text.empty()) {
      identity_.organisation_id = std::move(text);
    }
    return true;
  }

  bool event_type() {
    const auto value = members_.value(Member::kEventType);
    if (!value) {
      return reject(Member::kEventType, RejectionCause::kMissing, "is missing");
    }
    if (!is(*value, NodeKind::kString) || !is_event_type(tape_.view(*value))) {
      return reject(Member::kEventType, RejectionCause::kInvalid,
                    "must be a string of a lower-case letter and at most 63 more of a-z 0-9 _ .");
    }
    identity_.event_type.assign(tape_.view(*value));
    return true;
  }

  bool occurred_at() {
    const auto value = members_.value(Member::kOccurredAt);
    if (!value) {
      return reject(Member::kOccurredAt, RejectionCause::kMissing, "is missing");
    }
    std::optional<ReadTime> time;
    if (is(*value, NodeKind::kString)) {
      time = rfc3339_time(tape_.view(*value));
    } else if (is(*value, NodeKind::kNumber)) {
      const EpochTime number = epoch_time(tape_.view(*value));
      time = number.time;
      identity_.is_in_seconds = number.is_seconds;
    }
    if (!time) {
      return reject(Member::kOccurredAt, RejectionCause::kInvalid,
                    "must be an RFC 3339 time with zone, or epoch milliseconds or seconds");
    }
    if (time->range != TimeRange::kWithin) {
      return reject(Member::kOccurredAt, RejectionCause::kInvalid, "is outside of the years 0001 to 9999");
    }
    identity_.occurred_at = time->micros;
    return true;
  }

  const JsonTape& tape_;
  const EventMembers& members_;
  const EventReaderSettings& settings_;
  EventIdentity identity_;
  Rejection rejection_;
};

}  // namespace

std::variant<EventIdentity, Rejection> read_identity(const JsonTape& tape, const EventMembers& members,
                                                     const EventReaderSettings& settings) {
  return IdentityReader(tape, members, settings).read();
}

}  // namespace twinlog
