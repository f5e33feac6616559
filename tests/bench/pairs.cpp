#include "tests/bench/pairs.h"

#include <algorithm>
#include <cstdio>

namespace twinlog::bench {
namespace {

using Write = std::function<void(const std::vector<Version>&)>;

/// Adds the time that one batch takes.
struct Stopwatch {
  const Clock& clock;
  double seconds = 0;
  std::size_t rows = 0;

  void time(const Write& write, const std::vector<Version>& versions) {
    const auto started = clock.steady_now();
    write(versions);
    seconds += std::chrono::duration<double>(clock.steady_now() - started).count();
    rows += versions.size();
  }
  double rate() const { return static_cast<double>(rows) / seconds; }
};

void print_spread(std::vector<double> values, int decimals) {
  std::sort(values.begin(), values.end());
  std::printf(" |");
  for (const double value : {values[values.size() / 2], values.front(), values.back()}) {
    std::printf(" %7.*f", decimals, value);
  }
}

}  // namespace

void print_head() {
  std::printf("%-44s | %23s | %23s | %23s\n", "rows/s, median min max", "twinlog", "bare", "ratio");
}

void measure(const Pair& pair, const Clock& clock) {
  std::vector<double> full_rates;
  std::vector<double> bare_rates;
  std::vector<double> ratios;
  for (int run = 0; run <= kRuns; ++run) {
    Stopwatch full{clock};
    Stopwatch bare{clock};
    for (int batch = 0; batch < kBatchesPerRun; ++batch) {
      const bool is_full_first = batch % 2 == 0;
      (is_full_first ? full : bare).time(is_full_first ? pair.full : pair.bare, pair.next_batch());
      (is_full_first ? bare : full).time(is_full_first ? pair.bare : pair.full, pair.next_batch());
    }
    if (run > 0) {
      full_rates.push_back(full.rate());
      bare_rates.push_back(bare.rate());
      ratios.push_back(full.rate() / bare.rate());
    }
  }
  std::printf("%-44s", pair.name.c_str());
  print_spread(full_rates, 0);
  print_spread(bare_rates, 0);
  print_spread(ratios, 2);
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace twinlog::bench
