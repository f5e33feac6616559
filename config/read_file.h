// Small files whole: the configuration and its secrets.
#pragma once

#include <cstddef>
#include <string>

#include "ledger/base/result.h"

namespace twinlog {

/// The bytes of `path`. kRefused when it cannot be read or is longer than `bytes_most`; the message names the path and
/// the reason.
Result<std::string> read_file(const std::string& path, std::size_t bytes_most);

}  // namespace twinlog
