// What keys must be to each other.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace twinlog {

struct ConfigRule {
  /// The keys that the rule looks at; it is skipped when one of them has a mistake of its own.
  std::vector<std::string_view> reads;
  /// The key whose mistake it is: the first of these that is set somewhere, else the first.
  std::vector<std::string_view> names;
  /// What is wrong, in words; "" when nothing is.
  std::string (*broken)(const Settings&);
};

std::span<const ConfigRule> config_rules();

/// What works but is likely not meant, in words.
std::vector<std::string> config_warnings(const Settings& settings);

}  // namespace twinlog
