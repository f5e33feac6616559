#include "spool/measure_backlog.h"

#include <rocksdb/iterator.h>

#include <memory>
#include <optional>

#include "spool/items.h"
#include "spool/layout.h"
#include "spool/ledger_layout.h"

namespace twinlog {
namespace {

using Place = rocksdb::Iterator;

/// Nothing for a leaf of the agent's own, which is no event.
std::uint64_t record_bytes(const Place& at) {
  if (at.value().ToStringView().starts_with(kOwnItem)) {
    return 0;
  }
  return at.key().size() + at.value().size();
}

/// `at` stands on the first record of the range.
std::optional<std::uint64_t> counted_bytes(Place& at, const std::string& end) {
  std::uint64_t bytes = 0;
  for (; at.Valid() && at.key().ToStringView() < end; at.Next()) {
    bytes += record_bytes(at);
  }
  return at.status().ok() ? std::optional(bytes) : std::nullopt;
}

std::optional<std::uint64_t> sampled_bytes(Place& at, const LeafRange& range) {
  const std::uint64_t numbers = range.last + 1 - range.first;
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < Backlog::kSamples; ++i) {
    // The middle of each of as many equal parts.
    const double part = (static_cast<double>(i) + 0.5) / static_cast<double>(Backlog::kSamples);
    at.Seek(event_key(range.first + static_cast<std::uint64_t>(part * static_cast<double>(numbers))));
    if (!at.Valid()) {
      return std::nullopt;
    }
    bytes += record_bytes(at);
  }
  return static_cast<std::uint64_t>(static_cast<double>(bytes) / static_cast<double>(Backlog::kSamples) *
                                    static_cast<double>(numbers));
}

}  // namespace

Backlog measure_backlog(const Database* database, const LeafRange& range, std::uint64_t events) {
  if (range.last < range.first || events == 0) {
    return {.events = 0, .bytes = 0, .oldest_received_at = std::nullopt};
  }
  Backlog backlog;
  backlog.events = events;
  if (database == nullptr) {
    return backlog;
  }
  const std::string end = event_key(range.last + 1);
  const std::unique_ptr<Place> at = database->iterate_events();
  at->Seek(event_key(range.first));
  if (!at->status().ok() || !at->Valid()) {
    return backlog;
  }
  const auto number = leaf_of_event_key(at->key().ToStringView());
  if (const Result<SpoolItem> oldest = item_from(number, at->value().ToStringView(), database->path())) {
    backlog.oldest_received_at = oldest->received_at;
  }
  const bool is_countable = events <= Backlog::kCountedEvents;
  backlog.bytes = is_countable ? counted_bytes(*at, end) : sampled_bytes(*at, range);
  return backlog;
}

}  // namespace twinlog
