// The lines of the benchmark as versions, as an agent would have accepted them.
#pragma once

#include <vector>

#include "ledger/record/auth_event.h"
#include "tests/bench/lines.h"

namespace twinlog::bench {

/// `rows` versions of sender 0 in batches of kRowsPerBatch; leaves count from 1.
std::vector<std::vector<Version>> batches_of(const Lines& lines, std::size_t rows);

}  // namespace twinlog::bench
