// /metrics: Prometheus text of what the parts count; agent/observe/METRICS.md says what every name means. No label
// ever holds a tenant, a user or an address; every label set exists from the start.
#pragma once

#include <string>

#include "agent/observe/observed.h"

namespace twinlog {

/// The page as of now. The phase is past kStarting.
std::string metrics_text(const Observed& observed);

}  // namespace twinlog
