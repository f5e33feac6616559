// The compaction filters that forget trimmed records. They never leave a tombstone to be read over: no reader starts
// below the first kept leaf, `events` has one table level in which what a filter removes is simply gone, and `ids` is
// only ever asked for single keys.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace rocksdb {
class CompactionFilter;
}

namespace twinlog {

/// The first leaf that must be kept, as far as that is on stable storage. Outlives the filters.
using DurableFirstKept = std::atomic<std::uint64_t>;

/// Thread-safe; they drop what lies below `first_kept` and keep every key or value that they cannot read.
/// Of `events` and `leaves`.
std::unique_ptr<const rocksdb::CompactionFilter> make_events_filter(const DurableFirstKept& first_kept);
std::unique_ptr<const rocksdb::CompactionFilter> make_ids_filter(const DurableFirstKept& first_kept);

}  // namespace twinlog
