// Log ids that the agent makes where the sender gave none (contract section 3; layout and vector: ledger/FORMAT.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"

namespace twinlog {

/// The UUIDv8 text for an event whose canonical content without log_id is `content`, the `running_number`th (from 0) of
/// equal ones in its request.
std::string generated_log_id(std::string_view key, UtcMicros occurred_at, std::string_view content,
                             std::uint64_t running_number);

}  // namespace twinlog
