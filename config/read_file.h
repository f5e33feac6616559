// Small files whole: the configuration and its secrets.
#pragma once

#include <cstddef>
#include <string>

#include "ledger/base/result.h"

namespace twinlog {

/// The bytes of `path`. Never blocks on a pipe that nobody writes to. kRefused when it cannot be read, is no file (a
/// folder, pipe or socket) or is longer than `bytes_most`; the message names the path and the reason.
Result<std::string> read_file(const std::string& path, std::size_t bytes_most);

}  // namespace twinlog
