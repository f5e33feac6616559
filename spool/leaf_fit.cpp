#include "spool/leaf_fit.h"

#include <rocksdb/iterator.h>

#include <memory>

#include "ledger/leaf/event_leaf.h"
#include "ledger/tree/merkle.h"
#include "spool/items.h"
#include "spool/layout.h"
#include "spool/leaf_hashes.h"

namespace twinlog {
namespace {

/// Nothing for an event from before the ledger, which has no leaf.
std::optional<Digest> hash_of(const SpoolItem& item) {
  if (!item.version) {
    return leaf_hash(item.own_leaf);
  }
  return item.version->ledger ? std::optional(leaf_hash(event_leaf(*item.version))) : std::nullopt;
}

}  // namespace

std::vector<LeafRange> leaves_that_do_not_fit(const Database& database, const LeafRange& range,
                                              const std::string& path) {
  std::vector<LeafRange> found;
  if (database.leaves() == nullptr) {
    return found;  // A spool from before the ledger, as it lies there.
  }
  const std::unique_ptr<rocksdb::Iterator> events = database.iterate_events();
  LeafHashes hashes(database, range);
  std::optional<NumberedHash> kept = hashes.next();
  for (events->Seek(event_key(range.first)); events->Valid() && kept; events->Next()) {
    const std::optional<std::uint64_t> number = leaf_of_event_key(events->key().ToStringView());
    if (!number || *number > range.last) {
      break;
    }
    while (kept && kept->number < *number) {
      kept = hashes.next();
    }
    const Result<SpoolItem> item = item_from(*number, events->value().ToStringView(), path);
    const std::optional<Digest> hash = item ? hash_of(*item) : std::nullopt;
    if (!hash || !kept || kept->number != *number || kept->hash == *hash) {
      continue;
    }
    if (!found.empty() && found.back().last + 1 == *number) {
      found.back().last = *number;
    } else {
      found.push_back({*number, *number});
    }
  }
  events->status().PermitUncheckedError();
  return found;
}

}  // namespace twinlog
