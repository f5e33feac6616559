#include "spool/found_epochs.h"

#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "ledger/leaf/leaf.h"
#include "spool/items.h"
#include "spool/layout.h"

namespace twinlog {
namespace {

bool lacks(const Database& database, const std::string& key) {
  const Result<std::optional<std::string>> value = database.get_meta(key);
  return value && !value->has_value();
}

/// Its base, and what it tells of itself: its origin where it is OPEN.
std::pair<std::uint64_t, StoredEpoch> epoch_of(const SpoolItem& item) {
  StoredEpoch epoch{.has_ledger = true};
  if (item.version) {
    epoch.id = item.version->epoch_id;
    return {item.number - item.version->leaf_index, epoch};
  }
  const Result<Leaf> leaf = parse_leaf(item.own_leaf);  // It was one when it was read.
  epoch.id = leaf->header.epoch_id;
  const auto* open = std::get_if<OpenLeaf>(&leaf->content);
  epoch.origin = open != nullptr ? open->origin : "";
  return {item.number - leaf->header.index, epoch};
}

}  // namespace

FoundEpochs complete_epochs(const Database& database, rocksdb::WriteBatch& batch) {
  FoundEpochs found;
  const std::unique_ptr<rocksdb::Iterator> at = database.iterate_events();
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const auto number = leaf_of_event_key(at->key().ToStringView());
    const Result<SpoolItem> item = item_from(number, at->value().ToStringView(), database.path());
    if (!item) {
      continue;
    }
    found.first_number = found.first_number.value_or(item->number);
    if (item->version && !item->version->ledger) {
      found.without = found.without.value_or(item->version->epoch_id);
      continue;
    }
    if (!item->version && lacks(database, own_key(item->number))) {
      batch.Put(database.meta(), own_key(item->number), "");
    }
    found.with_ledger.insert(epoch_of(*item));
  }
  at->status().PermitUncheckedError();  // What it did not give is lost.
  for (const auto& [base, epoch] : found.with_ledger) {
    if (lacks(database, epoch_key(base))) {
      batch.Put(database.meta(), epoch_key(base), epoch_value(epoch));
    }
  }
  return found;
}

Status put_back_epochs(Database& database) {
  rocksdb::WriteBatch batch;
  complete_epochs(database, batch);
  return batch.Count() == 0 ? Status() : database.write(batch, Durability::kSynced);
}

}  // namespace twinlog
