// /readyz: whether an event sent now would be stored durably. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "agent/observe/health_facts.h"

namespace twinlog {

/// admin.ready_when_full
enum class WhenFull : std::uint8_t { kNotReady, kReady };

/// Why it would not, for people; "" when it would. Stores are never a reason.
std::string why_not_ready(const HealthFacts& facts, WhenFull when_full);

}  // namespace twinlog
