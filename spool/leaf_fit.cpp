#include "spool/leaf_fit.h"

#include <rocksdb/iterator.h>

#include <memory>

#include "ledger/leaf/event_leaf.h"
#include "ledger/tree/merkle.h"
#include "spool/items.h"
#include "spool/layout.h"
#include "spool/ledger_layout.h"

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
  const std::unique_ptr<rocksdb::Iterator> leaves = database.iterate(database.leaves());
  leaves->Seek(event_key(range.first));
  for (events->Seek(event_key(range.first)); events->Valid() && leaves->Valid(); events->Next()) {
    const std::string_view key = events->key().ToStringView();
    const std::optional<std::uint64_t> number = leaf_of_event_key(key);
    if (!number || *number > range.last) {
      break;
    }
    while (leaves->Valid() && leaves->key().ToStringView() < key) {
      leaves->Next();
    }
    const Result<SpoolItem> item = item_from(*number, events->value().ToStringView(), path);
    const std::optional<Digest> hash = item ? hash_of(*item) : std::nullopt;
    const bool is_there = leaves->Valid() && leaves->key().ToStringView() == key;
    if (!hash || !is_there || hash_of_leaf_value(leaves->value().ToStringView()) == hash) {
      continue;
    }
    if (!found.empty() && found.back().last + 1 == *number) {
      found.back().last = *number;
    } else {
      found.push_back({*number, *number});
    }
  }
  events->status().PermitUncheckedError();
  leaves->status().PermitUncheckedError();
  return found;
}

}  // namespace twinlog
