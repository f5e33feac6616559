// Batches that the speed programs write: versions with new, rising log ids, as the agent would have accepted them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/record/auth_event.h"

namespace twinlog::bench {

inline constexpr std::size_t kBatch = 1000;
inline constexpr std::size_t kManyAccounts = 600;

/// Which accounts the events of the file speak to.
enum class Accounts : std::uint8_t { kAsInFile, kMany };

/// The events of a file over and over: each round through the file lies later by the time that the file spans.
class Workload {
 public:
  /// Ends the program where `events_path` holds no events, or one that an agent would reject.
  Workload(const std::string& events_path, Accounts accounts);
  /// Of kBatch versions; leaves count on from 1 over all batches.
  std::vector<Version> next_batch();

 private:
  std::vector<AuthEvent> events_;
  UtcMicros span_ = 0;
  Accounts accounts_;
  std::uint64_t number_ = 0;
};

}  // namespace twinlog::bench
