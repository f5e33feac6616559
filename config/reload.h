// What a running agent takes over from a configuration that was read again (SIGHUP). Pure.
#pragma once

#include <string_view>
#include <vector>

#include "config/settings.h"

namespace twinlog {

struct Reload {
  Settings settings;                           ///< The running ones, with what can be taken over taken over.
  std::vector<std::string_view> taken;         ///< Paths of keys whose new value is in `settings`.
  std::vector<std::string_view> need_restart;  ///< Paths of keys that differ and stay as they were.
};

/// Keys are named, values never.
Reload plan_reload(const Settings& running, const Settings& wanted);

}  // namespace twinlog
