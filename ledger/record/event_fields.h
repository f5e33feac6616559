// Fills an event from its members by the repair rules of docs/EVENTS.md. Nothing here refuses.
#pragma once

#include "ledger/record/auth_event.h"
#include "ledger/record/event_identity.h"
#include "ledger/record/event_members.h"
#include "ledger/record/event_reader.h"
#include "ledger/record/json_tape.h"

namespace twinlog {

/// The event without a log_id that the sender did not give. Cleans `tape` in place and counts what it changes.
AuthEvent fill_event(JsonTape& tape, const EventMembers& members, EventIdentity identity, ReadCounts& counts);

}  // namespace twinlog
