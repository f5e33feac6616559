#include "agent/net/library_version.h"

#include <boost/version.hpp>

namespace twinlog {

std::string boost_version() {
  constexpr int kMajor = BOOST_VERSION / 100000;
  constexpr int kMinor = BOOST_VERSION / 100 % 1000;
  return std::to_string(kMajor) + "." + std::to_string(kMinor) + "." + std::to_string(BOOST_VERSION % 100);
}

}  // namespace twinlog
