// What `twinlog status --watch` draws below the page: bars for lag and spool, and rates since the look before. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "agent/cli/health_view.h"
#include "agent/cli/terminal.h"

namespace twinlog {

/// One look at the page, and when that was.
struct Look {
  HealthView view;
  std::chrono::steady_clock::time_point at;
};

/// Lines of at most `columns` characters: what is taken, each store that is on, the spool. A lag's bar is full at an
/// hour and grows by the logarithm: a second and a minute are seen beside each other. Rates need a look before.
std::string gauges_text(const Look& now, const std::optional<Look>& before, std::size_t columns, Colours colours);

}  // namespace twinlog
