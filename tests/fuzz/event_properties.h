// What must be true of every outcome of the event reader, whatever the bytes were. A property that does not hold ends
// the process (tests/fuzz/require.h).
#pragma once

#include "ledger/record/event_reader.h"

namespace twinlog::fuzz {

/// Canonical bytes, hash, limits, valid UTF-8, no secret left, and that sending what is kept changes nothing more.
void require_normalised(const AcceptedEvent& accepted, const EventReader& reader);

/// The reason is one of ours, word for word, and the field holds no secret.
void require_silent(const Rejection& rejection);

void require_sound(const ReadOutcome& outcome, const EventReader& reader);

/// The settings that the fuzz targets read with: default tenant, a limit that inputs can reach, a fixed key.
EventReaderSettings reader_settings();

}  // namespace twinlog::fuzz
