// UUIDs that begin with a time (RFC 9562, sections 5.7 and 5.8).
#pragma once

#include <array>
#include <cstdint>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"

namespace twinlog {

enum class UuidVersion : std::uint8_t { k7 = 7, k8 = 8 };

/// What follows the time; 6 bits of it give way to version and variant.
using UuidTail = std::array<std::uint8_t, 10>;

/// Bytes 0-5: milliseconds since 1970, rounded down, their low 48 bits (two's complement before 1970). Pure.
Uuid timed_uuid(UuidVersion version, UtcMicros time, const UuidTail& tail);

/// A version 7 with a random tail.
Uuid uuid_v7(UtcMicros time, Random& random);
/// The time of a version 7, to its millisecond.
UtcMicros time_of_uuid_v7(const Uuid& uuid);

}  // namespace twinlog
