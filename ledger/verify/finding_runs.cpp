#include "ledger/verify/finding_runs.h"

namespace twinlog {

void FindingRuns::tell(Verdict verdict, const Place& place, const std::string& words) {
  Finding finding;
  finding.verdict = verdict;
  finding.store = place.store;
  finding.origin = origin_;
  finding.leaf_index = place.index;
  if (place.tenant_id != nullptr && place.log_id != nullptr) {
    finding.tenant_id = *place.tenant_id;
    finding.log_id = *place.log_id;
  }
  finding.detail = words;
  finding.from = place.from;
  finding.until = place.until;
  log_->add(finding);
}

void FindingRuns::add(Verdict verdict, const Place& place, const std::string& words) {
  if (place.tenant_id != nullptr && named_ < kMostNamed) {
    ++named_;
    tell(verdict, place, words);
    return;
  }
  const Kind kind{verdict, place.store, words};
  const auto [run, is_new] = runs_.try_emplace(kind, Run{place.index, place.index, place.from, place.until});
  if (is_new) {
    return;
  }
  if (run->second.last + 1 == place.index) {
    run->second.last = place.index;
    run->second.until = place.until;
    return;
  }
  close(kind, run->second);
  run->second = {place.index, place.index, place.from, place.until};
}

void FindingRuns::close(const Kind& kind, const Run& run) {
  const auto& [verdict, store, words] = kind;
  Place place;
  place.store = store;
  place.index = run.first;
  place.from = run.from;
  place.until = run.until;
  const std::uint64_t count = run.last - run.first + 1;
  tell(verdict, place,
       count == 1 ? words
                  : words + ", leaves " + std::to_string(run.first) + " to " + std::to_string(run.last) + " (" +
                        std::to_string(count) + ")");
}

void FindingRuns::finish() {
  for (const auto& [kind, run] : runs_) {
    close(kind, run);
  }
  runs_.clear();
}

}  // namespace twinlog
