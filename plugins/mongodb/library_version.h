// Which client library this process runs with.
#pragma once

#include <string>

namespace twinlog {

std::string mongoc_version();

}  // namespace twinlog
