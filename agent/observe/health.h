// The health page: what is the matter, what it means for the record of logins, and what helps. Pure.
//
// A component is failing while events are not being taken, a thread of its own is dead, or a store gets nothing more
// until somebody acts; degraded while something is away, late, refused, lost or near its limit; off where it was turned
// off, which counts as ok. The overall state is the worst. Warnings stand apart and change nothing. The numbers and
// addresses are ours: never a server's text, an event's content, a tenant or a store's address.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "agent/observe/health_facts.h"

namespace twinlog {

enum class HealthState : std::uint8_t { kOff, kOk, kDegraded, kFailing };
std::string_view health_state_text(HealthState state);  ///< "off", "ok", "degraded", "failing"

struct HealthComponent {
  std::string name;
  HealthState state = HealthState::kOk;
  std::string impact;     ///< What it means for the record of logins, now; "" when nothing is the matter.
  std::string diagnosis;  ///< What is, with numbers.
  std::string action;     ///< The command or setting that helps; "" when nothing is the matter.
};

struct HealthWarning {
  std::string name;
  std::string words;
  std::string action;
};

struct HealthReport {
  HealthState state = HealthState::kOk;
  std::string summary;  ///< One sentence.
  std::vector<HealthComponent> components;
  std::vector<HealthWarning> warnings;
};

/// An event that waits for longer makes its courier late.
inline constexpr std::chrono::seconds kLateAfter{60};
/// A store that has not answered a call for that long is said to be silent.
inline constexpr std::chrono::seconds kSilentAfter{10};
/// An error that passes by itself is a matter for people from this many in a row.
inline constexpr std::uint64_t kPassingFailures = 3;
/// A spool that will be full within this time, while events wait, is near its limit.
inline constexpr std::chrono::seconds kFullSoon{3600};
/// A disk that leaves a write or a look unanswered for that long hangs: nothing is stored meanwhile.
inline constexpr std::chrono::seconds kDiskHangsAfter{5};
/// docs/OPERATING.md. A measurement is good for kClockKnownFor.
inline constexpr std::chrono::microseconds kClockOffsetMost = std::chrono::seconds{2};
inline constexpr std::chrono::seconds kClockKnownFor{300};

HealthReport judge_health(const HealthFacts& facts);

/// The page: `facts` and what was made of them as one JSON object and a line end.
std::string health_json(const HealthFacts& facts, const HealthReport& report);

}  // namespace twinlog
