#include "agent/pipeline/store_refusals.h"

#include <algorithm>
#include <string>
#include <utility>

namespace twinlog {

StoreRefusals::Offer StoreRefusals::offer(std::vector<Version> batch) const {
  Offer offer;
  if (batch.empty()) {
    return offer;
  }
  const std::vector<std::uint64_t> dead = spool_.dead_leaves(store_, {batch.front().number, batch.back().number});
  if (dead.empty() && suspected_.empty()) {
    offer.versions = std::move(batch);
    return offer;
  }
  for (Version& version : batch) {
    const auto suspicion = suspected_.find(version.number);
    if (suspicion != suspected_.end() && suspicion->second.tries >= kTries) {
      offer.given_up.push_back(std::move(version));
    } else if (!std::ranges::binary_search(dead, version.number)) {
      offer.versions.push_back(std::move(version));
    }
  }
  if (offer.versions.empty()) {
    std::swap(offer.versions, offer.given_up);  // Nobody else is there to show that it is the event's fault.
  }
  return offer;
}

DeadLetter StoreRefusals::letter(const Version& version, const StoreError& error) const {
  return {.version = version,
          .refused_at = clock_.utc_now(),
          .code = error.code,
          .constraint = error.constraint,
          .where = std::string(stage_text(error.where)),
          .words = error.words};
}

std::vector<DeadLetter> StoreRefusals::letters(const Offer& offer, const FlushReport& report) {
  std::vector<DeadLetter> letters;
  for (const RefusedVersion& refused : report.refused) {
    const auto version = std::ranges::lower_bound(offer.versions, refused.leaf_index, {}, &Version::leaf_index);
    if (version != offer.versions.end() && version->leaf_index == refused.leaf_index) {
      letters.push_back(letter(*version, refused.error));
    }
  }
  for (const Version& version : offer.given_up) {
    letters.push_back(letter(version, suspected_.at(version.number).error));
  }
  suspected_.clear();
  return letters;
}

void StoreRefusals::failed(const StoreError& error, const SpoolEpoch& epoch) {
  if (error.leaves.empty()) {
    if (error.reaction == Reaction::kRetry) {
      suspected_.clear();
    }
    return;
  }
  for (const std::uint64_t leaf : error.leaves) {
    Suspicion& suspicion = suspected_[epoch.base + leaf];
    ++suspicion.tries;
    suspicion.error = error;
  }
}

}  // namespace twinlog
