// How much waits for one store, without reading it all.
#pragma once

#include <cstdint>

#include "spool/database.h"
#include "spool/spool.h"

namespace twinlog {

/// Of what lies in `range`, `events` of which are events; only the number of events where there is no database or it
/// cannot be read. Some milliseconds at most. Callable from several threads.
Backlog measure_backlog(const Database* database, const LeafRange& range, std::uint64_t events);

}  // namespace twinlog
