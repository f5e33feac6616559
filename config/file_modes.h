// Who else on the host may read what should be secret.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace twinlog {

/// Whether a value as it is written in a file holds a password itself, not only as ${VAR}: that of an address, in its
/// userinfo or its options, or, with `is_password`, all of it.
bool shows_password(std::string_view written, bool is_password);

/// A line for each file with a secret that everyone may read or write: those that the settings name, and the
/// configuration itself where it holds a password. Reads modes, never content. A file that is not there gives no line.
std::vector<std::string> file_mode_warnings(const LoadedSettings& loaded);

}  // namespace twinlog
