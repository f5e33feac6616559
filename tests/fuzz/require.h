// How a fuzz target says that a property does not hold: in words, and by ending the process.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace twinlog::fuzz {

inline void require(bool holds, const char* property) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", property);
    std::abort();
  }
}

}  // namespace twinlog::fuzz
