#include "agent/keeper/pruner.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/keeper/keys_by_age.h"
#include "agent/keeper/leaf_ranges.h"

namespace twinlog {
namespace {

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

bool is_within(const std::vector<EpochRange>& ranges, const LeafPlace& place) {
  return std::ranges::any_of(ranges, [&place](const EpochRange& range) {
    return range.epoch_id == place.epoch_id && range.first <= place.index && place.index <= range.last;
  });
}

}  // namespace

Result<std::string> Pruner::run() {
  if (Status connected = connect(); !connected) {
    return connected.error();
  }
  if (Status settled = order_.applies ? agent_.settle() : Status(); !settled) {
    return settled.error();
  }
  KeysByAge ages(*stores_.front().keeper, order_.before);
  for (;;) {
    const auto keys = ages.next();
    if (!keys) {
      return store_failure(stores_.front(), keys.error());
    }
    if (keys->empty()) {
      break;
    }
    const Result<Page> page = choose(*keys);
    if (!page) {
      return page.error();
    }
    if (Status pruned = order_.applies ? prune(*page) : Status(); !pruned) {
      return Error(pruned.error().kind(), pruned.error().message() + kOrderAgain);
    }
    agent_.tell(counted(records_, "record", "records") + " up to " + utc_text(newest_));
  }
  if (Status forgotten = order_.applies ? agent_.forget() : Status(); !forgotten) {
    return Error(forgotten.error().kind(), forgotten.error().message() + kOrderAgain);
  }
  return report();
}

Status Pruner::connect() {
  for (const KeptStore& store : stores_) {
    if (const auto failed = store.keeper->connect()) {
      return store_failure(store, *failed);
    }
  }
  return {};
}

Result<std::map<EventKey, Pruner::Seen>> Pruner::look(std::span<const EventKey> keys) {
  std::map<EventKey, Seen> all;
  for (const KeptStore& store : stores_) {
    const auto records = store.keeper->records(keys);
    if (!records) {
      return store_failure(store, records.error());
    }
    for (const KeptRecord& record : *records) {
      Seen& seen = all[record.key];
      const std::set<LeafPlace> places(record.leaves.begin(), record.leaves.end());
      seen.is_alike = seen.is_alike && (seen.stores == 0 || places == seen.places);
      seen.places.insert(places.begin(), places.end());
      seen.newest = std::max(seen.newest, record.newest_received_at);
      ++seen.stores;
    }
  }
  return all;
}

Result<bool> Pruner::is_declared(const Seen& seen) {
  if (!declared_) {
    Result<std::vector<EpochRange>> ranges = agent_.pruned_before();
    if (!ranges) {
      return ranges.error();
    }
    declared_ = std::move(*ranges);
  }
  return !seen.places.empty() &&
         std::ranges::all_of(seen.places, [this](const LeafPlace& place) { return is_within(*declared_, place); });
}

Result<Pruner::Page> Pruner::choose(std::span<const EventKey> keys) {
  const auto all = look(keys);
  if (!all) {
    return all.error();
  }
  Page page;
  for (const auto& [key, seen] : *all) {
    if (seen.newest >= order_.before) {
      ++younger_;
      continue;
    }
    const bool is_whole = seen.stores == stores_.size() && seen.is_alike;
    const Result<bool> is_broken_off = is_whole ? Result<bool>(false) : is_declared(seen);
    if (!is_broken_off) {
      return is_broken_off.error();
    }
    if (!is_whole && !*is_broken_off) {
      ++not_alike_;
      continue;
    }
    page.keys.push_back(key);
    if (is_whole) {
      page.undeclared.insert(seen.places.begin(), seen.places.end());
    }
    oldest_ = records_ == 0 ? seen.newest : std::min(oldest_, seen.newest);
    newest_ = std::max(newest_, seen.newest);
    ++records_;
    versions_ += seen.places.size();
    tenants_.insert(key.tenant_id);
  }
  return page;
}

Status Pruner::prune(const Page& page) {
  if (page.keys.empty()) {
    return {};
  }
  std::vector<LeafContent> leaves =
      leaves_over(PruneLeaf{.ranges = {}, .policy = order_.policy, .epochs = {}}, page.undeclared);
  if (Status put = leaves.empty() ? Status() : agent_.declare(std::move(leaves)); !put) {
    return put;
  }
  agent_.on_pruning(page.keys);
  for (auto store = stores_.rbegin(); store != stores_.rend(); ++store) {
    if (const auto pruned = store->keeper->prune(page.keys); !pruned) {
      return store_failure(*store, pruned.error());
    }
  }
  return {};
}

std::string Pruner::report() const {
  std::string words = order_.applies ? "pruned " : "would prune ";
  words += counted(records_, "record", "records");
  if (records_ > 0) {
    words += " with " + counted(versions_, "leaf", "leaves") + " of " + counted(tenants_.size(), "tenant", "tenants") +
             ", accepted from " + utc_text(oldest_) + " to " + utc_text(newest_);
  }
  if (younger_ > 0) {
    words += "; " + counted(younger_, "stays", "stay") + ", as a younger version belongs to it";
  }
  if (not_alike_ > 0) {
    words += "; " + counted(not_alike_, "stays", "stay") +
             ", as the stores do not have it alike (an agent still delivers, or run `twinlog reconcile`)";
  }
  return order_.applies ? words : words + "; nothing was changed, --apply does it";
}

}  // namespace twinlog
