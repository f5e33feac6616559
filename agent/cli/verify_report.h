// What `twinlog verify` found, for people: what was changed, where, between which two points of time, what is still
// trustworthy and what to do next.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/cli/changed_fields.h"
#include "agent/cli/operator_io.h"
#include "ledger/verify/verify.h"

namespace twinlog {

/// Of each verdict so many are shown; the rest is counted.
inline constexpr std::uint64_t kMostShownFindings = 20;

class VerifyReport {
 public:
  VerifyReport(const OperatorIo& io, ChangedFields& fields) : io_(io), fields_(fields) {}
  /// As they come, from any thread but one at a time.
  void show(const Finding& finding, Judged known);
  void finish(const VerifyOutcome& outcome, const FindingLog& log, const std::vector<std::string>& unknown_columns);

 private:
  const OperatorIo& io_;
  ChangedFields& fields_;
  std::array<std::uint64_t, kVerdicts> shown_{};
};

/// The line that a terminal shows while it runs, without its end. `elapsed`: since reading began.
std::string progress_line(const VerifyProgress& progress, std::chrono::milliseconds elapsed);

}  // namespace twinlog
