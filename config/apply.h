// One value into its place in Settings, if it is one that the key takes.
#pragma once

#include <optional>
#include <string>

#include "config/keys.h"
#include "config/raw_value.h"
#include "config/settings.h"

namespace twinlog {

/// What is wrong with `value`, in words that say what would be right; nothing when it is in its place. "" for a secret
/// means "not set here". A secret that is set already (by the other of its two keys) is a mistake.
std::optional<std::string> apply_value(const ConfigKey& key, const RawValue& value, Settings& settings);

}  // namespace twinlog
