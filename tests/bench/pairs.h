// Compares two ways of writing a batch, interleaved, so that what else the machine does hits both alike.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/record/auth_event.h"

namespace twinlog::bench {

inline constexpr int kRuns = 5;
inline constexpr int kBatchesPerRun = 12;

/// What is compared. Each writer takes a batch of its own and ends the program where it cannot write it.
struct Pair {
  std::string name;
  std::function<std::vector<Version>()> next_batch;
  std::function<void(const std::vector<Version>&)> full;
  std::function<void(const std::vector<Version>&)> bare;
};

/// One run to warm up, then kRuns runs of kBatchesPerRun batches each way, turn about. A run's rows per second are
/// those of its median batch, so that one collection of a server's garbage is not the result. Prints one row: rows per
/// second in full and bare and the ratio of the two within a run, each as the median, least and most of the runs.
void measure(const Pair& pair, const Clock& clock);
/// What stands above the rows.
void print_head();

}  // namespace twinlog::bench
