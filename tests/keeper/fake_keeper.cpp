#include "tests/keeper/fake_keeper.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace twinlog::testing {

StoreStatus FakeKeeper::connect() {
  return store_.missing_right.empty() ? std::nullopt
                                      : StoreStatus(StoreError{.reaction = Reaction::kHold,
                                                               .code = "",
                                                               .constraint = "",
                                                               .words = "lacks " + store_.missing_right});
}

StoreStatus FakeKeeper::come_to(const std::string& call) {
  if (std::exchange(store_.dies_at, store_.dies_at == call ? "" : store_.dies_at) == call) {
    return StoreError{.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = "it went away"};
  }
  store_.calls.push_back(call);
  return std::nullopt;
}

StoreResult<std::vector<KeptRecord>> FakeKeeper::records(std::span<const EventKey> keys) {
  std::vector<KeptRecord> found;
  for (const EventKey& key : keys) {
    if (const auto record = store_.records.find(key); record != store_.records.end()) {
      found.push_back({.key = key,
                       .leaves = record->second.leaves,
                       .newest_received_at = record->second.received_at,
                       .accounts = {}});
    }
  }
  return found;
}

/// Every record here speaks to every account.
StoreResult<std::vector<EventKey>> FakeKeeper::keys_of_account(const AccountKey& account, const std::string& after,
                                                               std::size_t most) {
  std::vector<EventKey> keys;
  for (const auto& [key, record] : store_.records) {
    if (key.tenant_id == account.tenant_id && key.log_id > after && keys.size() < most) {
      keys.push_back(key);
    }
  }
  return keys;
}

StoreResult<std::vector<EventKey>> FakeKeeper::keys_before(UtcMicros from, UtcMicros time, std::size_t most) {
  std::vector<std::pair<UtcMicros, EventKey>> old;
  for (const auto& [key, record] : store_.records) {
    if (from <= record.received_at && record.received_at < time) {
      old.emplace_back(record.received_at, key);
    }
  }
  std::ranges::sort(old);
  std::vector<EventKey> keys;
  for (const auto& [at, key] : old) {
    if (keys.size() < most) {
      keys.push_back(key);
    }
  }
  return keys;
}

StoreResult<ErasureReport> FakeKeeper::erase(const Erasure& erasure) {
  if (auto failed = come_to("erase")) {
    return *std::move(failed);
  }
  ErasureReport report;
  for (const EventKey& key : erasure.keys) {
    if (const auto record = store_.records.find(key); record != store_.records.end()) {
      record->second.erased.insert(erasure.fields.begin(), erasure.fields.end());
      ++report.records;
    }
  }
  return report;
}

StoreResult<RetentionReport> FakeKeeper::prune(std::span<const EventKey> keys) {
  if (auto failed = come_to("prune")) {
    return *std::move(failed);
  }
  RetentionReport report;
  for (const EventKey& key : keys) {
    report.records += store_.records.erase(key);
  }
  return report;
}

std::vector<KeptStore> FakeScene::stores() {
  std::vector<KeptStore> made;
  made.push_back({"the first store", std::make_unique<FakeKeeper>(one), GapStore::kPostgres});
  made.push_back({"the second store", std::make_unique<FakeKeeper>(two), GapStore::kMongodb});
  return made;
}

KeeperAgent FakeScene::agent() {
  return {.settle =
              [this] {
                ++settled;
                return Status();
              },
          .declare =
              [this](std::vector<LeafContent> leaves) {
                if (!takes_leaves) {
                  return Status(Error(ErrorKind::kTransient, "no leaf was taken"));
                }
                std::ranges::move(leaves, std::back_inserter(declared));
                return Status();
              },
          .dead_letters = [this]() -> Result<std::set<EventKey>> { return letters; },
          .forget =
              [this] {
                ++forgotten;
                return Status();
              },
          .pruned_before = [this]() -> Result<std::vector<EpochRange>> {
            ++pruned_before_asked;
            std::vector<EpochRange> ranges;
            for (const LeafContent& leaf : declared) {
              if (const auto* prune = std::get_if<PruneLeaf>(&leaf)) {
                ranges.insert(ranges.end(), prune->ranges.begin(), prune->ranges.end());
              }
            }
            return ranges;
          },
          .given_up = [this]() -> Result<std::vector<GivenUp>> {
            ++given_up_asked;
            return given_up;
          },
          .on_pruning = [](std::span<const EventKey> /*keys*/) {},
          .tell = [](const std::string& /*words*/) {}};
}

void FakeScene::put(const std::string& log_id, std::uint64_t index, UtcMicros received_at) {
  for (FakeStore* store : {&one, &two}) {
    store->records[key(log_id)] = {.leaves = {place(index)}, .received_at = received_at, .erased = {}};
  }
}

}  // namespace twinlog::testing
