// Log ids that the agent makes where the sender gave none (layout and vectors: ledger/FORMAT.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/base/clock.h"

namespace twinlog {

/// An event of a request that carries an Idempotency-Key: the same request has the same ids.
struct KeyedPlace {
  std::string_view tenant_id;
  std::string_view idempotency_key;
  std::uint64_t place = 0;  ///< Of the event in its request, from 0; refused ones count.
};

/// The UUIDv8 text for the event at `place` under the spool's `secret`. Pure.
std::string keyed_log_id(std::string_view secret, UtcMicros occurred_at, const KeyedPlace& place);

/// The UUIDv7 text for an event that is a new one each time it is sent.
std::string drawn_log_id(UtcMicros occurred_at, Random& random);

}  // namespace twinlog
