// The members whose faults are refused (docs/EVENTS.md): they come from the auth service itself.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "ledger/record/event_members.h"

namespace twinlog {

struct EventIdentity {
  std::string tenant_id;
  std::string log_id;  ///< "": to be made.
  std::string event_type;
  UtcMicros occurred_at = 0;
  bool is_in_seconds = false;  ///< occurred_at was a number of seconds, which is repaired.
  std::optional<std::string> organisation_id;
  bool has_spare_alias = false;  ///< Both spellings were sent: organization_id is then an unknown member.
};

/// Checks schema_version, tenant_id, log_id, organisation_id, event_type, occurred_at, in this order; the first fault
/// is the rejection.
std::variant<EventIdentity, Rejection> read_identity(const JsonTape& tape, const EventMembers& members,
                                                     const EventReaderSettings& settings);

}  // namespace twinlog
