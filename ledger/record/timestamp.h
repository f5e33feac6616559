// Times as senders write them: RFC 3339 with zone, or a number since 1970. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ledger/base/clock.h"
#include "ledger/record/auth_event.h"

namespace twinlog {

/// 0001-01-01T00:00:00Z, the earliest time an event can hold.
inline constexpr UtcMicros kEarliestTime = -62'135'596'800'000'000;

/// What lies outside of the years 0001 to 9999.
enum class TimeRange : std::uint8_t { kWithin, kBefore, kBeyond };

struct ReadTime {
  TimeRange range = TimeRange::kWithin;
  UtcMicros micros = 0;  ///< Meaningful when within the range.
};

/// RFC 3339 date-time with a zone; `T` may be a space, letters any case; digits beyond microseconds are dropped, second
/// 60 is the last microsecond of its minute. A year of more than four digits ("+10000-..." or "10000-...") is beyond.
/// Nothing when it is no such text.
std::optional<ReadTime> rfc3339_time(std::string_view text);

/// 2000-01-01T00:00:00Z: no login is older than that.
inline constexpr UtcMicros kLeastPlausibleTime = 946'684'800'000'000;
/// How far a sender's clock may be ahead of ours.
inline constexpr UtcMicros kMostPlausibleLead = 86'400'000'000;

/// True for a time that a clock in order cannot have given: such events are kept and counted.
inline bool is_implausible_time(UtcMicros occurred_at, UtcMicros now) {
  return occurred_at < kLeastPlausibleTime || occurred_at > now + kMostPlausibleLead;
}

struct EpochTime {
  ReadTime time;
  bool is_seconds = false;
};
/// What JSON number text says: an integer of 10^11 or more, in both directions, counts milliseconds since 1970,
/// anything else seconds, digits beyond microseconds dropped (towards earlier times).
EpochTime epoch_time(std::string_view number);

/// "infinity", in letters of any case: what PostgreSQL and others write for a lock without an end.
bool is_infinity(std::string_view text);

}  // namespace twinlog
