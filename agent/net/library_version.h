// Which Boost this build was made with.
#pragma once

#include <string>

namespace twinlog {

std::string boost_version();

}  // namespace twinlog
