#include "tests/record/counting_allocator.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

// Of the sanitizers' allocator interface, whose header Debian ships with clang only.
// NOLINTBEGIN: their names
extern "C" {
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void* block, std::size_t size),
                                              void (*on_free)(const volatile void* block));
std::size_t __sanitizer_get_allocated_size(const volatile void* block);
}
// NOLINTEND

namespace twinlog::testing {
namespace {

thread_local bool is_counting = false;
thread_local std::int64_t live_bytes = 0;
thread_local std::int64_t peak_bytes = 0;

void on_malloc(const volatile void* /*block*/, std::size_t size) {
  if (is_counting) {
    live_bytes += static_cast<std::int64_t>(size);
    peak_bytes = std::max(peak_bytes, live_bytes);
  }
}

void on_free(const volatile void* block) {
  if (is_counting && block != nullptr) {
    live_bytes -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(block));
  }
}

}  // namespace

CountingAllocator::CountingAllocator() {
  static const bool has_hooks = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) != 0;
  if (!has_hooks) {
    std::abort();
  }
  live_bytes = 0;
  peak_bytes = 0;
  is_counting = true;
}

CountingAllocator::~CountingAllocator() {
  is_counting = false;
}

std::size_t CountingAllocator::peak() const {
  return static_cast<std::size_t>(peak_bytes);
}

std::size_t CountingAllocator::live() const {
  return static_cast<std::size_t>(live_bytes);
}

}  // namespace twinlog::testing
