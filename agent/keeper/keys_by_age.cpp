#include "agent/keeper/keys_by_age.h"

#include <algorithm>
#include <utility>

namespace twinlog {

/// From the oldest record on. Only its newest version's time is told: where that is a younger one, the first span
/// reaches from the beginning to it.
StoreStatus KeysByAge::find_beginning() {
  auto oldest = keeper_.keys_before(from_, before_, 1);
  if (!oldest) {
    return std::move(oldest).error();
  }
  if (oldest->empty()) {
    from_ = before_;
    return std::nullopt;
  }
  auto record = keeper_.records(*oldest);
  if (!record) {
    return std::move(record).error();
  }
  const UtcMicros newest = record->empty() ? before_ : std::min(before_, record->front().newest_received_at);
  auto older = keeper_.keys_before(from_, newest, 1);
  if (!older) {
    return std::move(older).error();
  }
  span_ = older->empty() ? kFirstSpan : std::max<UtcMicros>(1, newest - from_);
  from_ = older->empty() ? newest : from_;
  return std::nullopt;
}

StoreResult<std::vector<EventKey>> KeysByAge::next() {
  if (span_ == 0 && from_ < before_) {
    if (auto failed = find_beginning()) {
      return *std::move(failed);
    }
  }
  while (from_ < before_) {
    const UtcMicros end = from_ + std::min(span_, before_ - from_);
    auto page = keeper_.keys_before(from_, end, most_ + 1);
    if (!page) {
      return page;
    }
    if (page->size() > most_) {
      most_ = span_ > 1 ? most_ : most_ * 2;
      span_ = std::max<UtcMicros>(1, span_ / 2);
      continue;
    }
    from_ = end;
    most_ = kPage;
    span_ = page->size() < kPage / 4 ? std::min(span_ * 2, kLongestSpan) : span_;
    if (!page->empty()) {
      return page;
    }
  }
  return std::vector<EventKey>();
}

}  // namespace twinlog
