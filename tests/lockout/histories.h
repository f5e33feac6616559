// Random histories of a few accounts, small enough that everything collides: times, log_ids, names, contents.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "ledger/record/auth_event.h"

namespace twinlog::testing {

/// A source of choices whose sequence depends on the seed alone.
class Choices {
 public:
  explicit Choices(std::uint64_t seed) : generator_(seed) {}
  /// 0 to count - 1.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(generator_() % count); }
  bool percent(std::size_t share) { return below(100) < share; }
  template <typename Container>
  const typename Container::value_type& one_of(const Container& container) {
    return container[below(container.size())];
  }
  std::mt19937_64& generator() { return generator_; }

 private:
  std::mt19937_64 generator_;
};

struct History {
  /// Distinct by (tenant_id, log_id, content_hash); at most 8 distinct times of effect and 4 accounts. Some occur
  /// later than they take effect.
  std::vector<Version> versions;
  /// Indexes into `versions` in the order of arrival; each occurs at least once.
  std::vector<std::size_t> arrivals;
};

/// A history of 1 to `most_versions` versions.
History random_history(Choices& choices, std::size_t most_versions);

/// `arrivals` cut into batches of random size.
std::vector<std::vector<const Version*>> random_batches(const History& history, Choices& choices);

/// Whether another content with the same key stands before `index`.
bool is_conflict(const std::vector<Version>& versions, std::size_t index);

}  // namespace twinlog::testing
