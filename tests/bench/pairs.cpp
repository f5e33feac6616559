#include "tests/bench/pairs.h"

#include <algorithm>
#include <cstdio>

namespace twinlog::bench {
namespace {

using Write = std::function<void(const std::vector<Version>&)>;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Times batches one by one.
struct Stopwatch {
  const Clock& clock;
  std::vector<double> rates;

  void time(const Write& write, const std::vector<Version>& versions) {
    const auto started = clock.steady_now();
    write(versions);
    const std::chrono::duration<double> seconds = clock.steady_now() - started;
    rates.push_back(static_cast<double>(versions.size()) / seconds.count());
  }
};

void print_spread(const std::vector<double>& values, int decimals) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  std::printf(" |");
  for (const double value : {median(values), *least, *most}) {
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
    Stopwatch full{clock, {}};
    Stopwatch bare{clock, {}};
    for (int batch = 0; batch < kBatchesPerRun; ++batch) {
      const bool is_full_first = batch % 2 == 0;
      (is_full_first ? full : bare).time(is_full_first ? pair.full : pair.bare, pair.next_batch());
      (is_full_first ? bare : full).time(is_full_first ? pair.bare : pair.full, pair.next_batch());
    }
    if (run > 0) {
      full_rates.push_back(median(full.rates));
      bare_rates.push_back(median(bare.rates));
      ratios.push_back(full_rates.back() / bare_rates.back());
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
