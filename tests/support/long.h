// Whether the long rounds were asked for: tests/run --long.
#pragma once

#include <cstdlib>

namespace twinlog::testing {

inline bool is_long() {
  return std::getenv("TWINLOG_LONG") != nullptr;  // NOLINT(concurrency-mt-unsafe): read before any thread is started
}

/// `few` in every run, `many` in a long one.
template <typename Number>
Number long_or(Number many, Number few) {
  return is_long() ? many : few;
}

}  // namespace twinlog::testing
