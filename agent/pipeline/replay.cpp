#include "agent/pipeline/replay.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ledger/base/kill_point.h"

namespace twinlog {
namespace {

StoreError of_spool(const Error& error) {
  return {.reaction = Reaction::kRetry,
          .code = "",
          .constraint = "",
          .words = "dead letters cannot be read from the spool, or settled in it: " + error.message()};
}

/// How many at the front are of one epoch: one flush is.
std::size_t length_of_epoch(std::span<const Version> versions) {
  const auto other = std::ranges::find_if(
      versions, [&](const Version& version) { return version.epoch_id != versions.front().epoch_id; });
  return static_cast<std::size_t>(other - versions.begin());
}

StoreStatus replay_epoch(Spool& spool, StoreId id, Store& store, std::span<const Version> versions,
                         ReplayOutcome& outcome) {
  const FlushBatch batch{
      .epoch_id = versions.front().epoch_id, .versions = versions, .position = {}, .is_replay = true};
  const StoreResult<FlushReport> report = store.flush(batch);
  if (!report) {
    return report.error();
  }
  TWINLOG_KILL_POINT("courier.replayed");
  std::vector<std::uint64_t> taken;
  for (const Version& version : versions) {
    if (std::ranges::find(report->refused, version.leaf_index, &RefusedVersion::leaf_index) == report->refused.end()) {
      taken.push_back(version.number);
    }
  }
  if (const Status settled = spool.settle_dead_letters(id, taken, {}); !settled) {
    return of_spool(settled.error());
  }
  outcome.taken += taken.size();
  outcome.refused += versions.size() - taken.size();
  return std::nullopt;
}

}  // namespace

StoreResult<ReplayOutcome> replay_letters(Spool& spool, StoreId id, Store& store,
                                          std::span<const std::uint64_t> leaves) {
  std::vector<std::uint64_t> wanted(leaves.begin(), leaves.end());
  std::ranges::sort(wanted);
  std::vector<Version> versions;
  for (const std::uint64_t leaf : wanted) {
    Result<std::vector<DeadLetter>> letter = spool.dead_letters(id, leaf - 1, 1);
    if (!letter) {
      return of_spool(letter.error());
    }
    if (!letter->empty() && letter->front().version.number == leaf) {
      versions.push_back(std::move(letter->front().version));
    }
  }
  ReplayOutcome outcome;
  if (versions.empty()) {
    return outcome;
  }
  for (std::span<const Version> rest = versions; !rest.empty();) {
    const auto of_epoch = rest.first(length_of_epoch(rest));
    if (const StoreStatus failed = replay_epoch(spool, id, store, of_epoch, outcome)) {
      return *failed;
    }
    rest = rest.subspan(of_epoch.size());
  }
  return outcome;
}

}  // namespace twinlog
