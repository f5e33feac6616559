// Findings about leaves that lie side by side become one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "ledger/verify/finding.h"

namespace twinlog {

/// Of one epoch. Those that have the key of an event are told one by one up to kMostNamed.
class FindingRuns {
 public:
  static constexpr std::uint64_t kMostNamed = 1000;

  FindingRuns() = default;
  FindingRuns(FindingLog& log, std::string origin) : log_(&log), origin_(std::move(origin)) {}

  struct Place {
    std::optional<StoreSide> store;
    std::uint64_t index = 0;
    const std::string* tenant_id = nullptr;  ///< Null: not known, or the agent's own leaf.
    const std::string* log_id = nullptr;
    std::optional<UtcMicros> from = {};
    std::optional<UtcMicros> until = {};
  };
  void add(Verdict verdict, const Place& place, const std::string& words);
  /// At once, by itself.
  void tell(Verdict verdict, const Place& place, const std::string& words);
  void finish();

 private:
  struct Run {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::optional<UtcMicros> from;
    std::optional<UtcMicros> until;
  };
  using Kind = std::tuple<Verdict, std::optional<StoreSide>, std::string>;
  void close(const Kind& kind, const Run& run);

  FindingLog* log_ = nullptr;
  std::string origin_;
  std::map<Kind, Run> runs_;
  std::uint64_t named_ = 0;
};

}  // namespace twinlog
