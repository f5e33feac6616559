// The lines of the benchmark as an agent reads them, and as versions, as it would have accepted them.
#pragma once

#include <vector>

#include "ledger/record/auth_event.h"
#include "ledger/record/event_reader.h"
#include "tests/bench/lines.h"

namespace twinlog::bench {

/// The first `count` events of sender 0. Ends the program where an agent would reject one.
std::vector<AcceptedEvent> accepted_events(const Lines& lines, std::size_t count);

/// `rows` versions of sender 0 in batches of kRowsPerBatch; leaves count from 1.
std::vector<std::vector<Version>> batches_of(const Lines& lines, std::size_t rows);

}  // namespace twinlog::bench
