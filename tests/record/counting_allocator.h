// Counts what this thread holds of the heap, by the sanitizer's own hooks: malloc and operator new alike, RapidJSON's
// included.
#pragma once

#include <cstddef>

namespace twinlog::testing {

/// Counts from its making to its end; one at a time. Blocks from before do not count, also when they are given back.
class CountingAllocator {
 public:
  CountingAllocator();
  ~CountingAllocator();
  CountingAllocator(const CountingAllocator&) = delete;
  CountingAllocator& operator=(const CountingAllocator&) = delete;

  /// The most bytes that were held at once.
  std::size_t peak() const;
  /// The bytes that are held now.
  std::size_t live() const;
};

}  // namespace twinlog::testing
