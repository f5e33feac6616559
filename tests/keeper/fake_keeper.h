// A store's keeper that is a map, and dies when it is told to; and the agent around it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/keeper/keeping.h"

namespace twinlog::testing {

/// What stays of a store when its keeper goes.
struct FakeStore {
  struct Record {
    std::vector<LeafPlace> leaves;
    UtcMicros received_at = 0;
    std::set<std::uint8_t> erased;
  };
  std::map<EventKey, Record> records;
  std::string missing_right;       ///< "": it may do all.
  std::string dies_at;             ///< "erase", "prune": the next such call fails and does nothing.
  std::vector<std::string> calls;  ///< Names of the calls that change something.
};

class FakeKeeper final : public StoreKeeper {
 public:
  explicit FakeKeeper(FakeStore& store) : store_(store) {}

  StoreStatus connect() override;
  StoreResult<std::vector<KeptRecord>> records(std::span<const EventKey> keys) override;
  StoreResult<std::vector<EventKey>> keys_of_account(const AccountKey& account, const std::string& after,
                                                     std::size_t most) override;
  StoreResult<std::vector<EventKey>> keys_before(UtcMicros from, UtcMicros time, std::size_t most) override;
  StoreResult<ErasureReport> erase(const Erasure& erasure) override;
  StoreResult<RetentionReport> prune(std::span<const EventKey> keys) override;
  StoreStatus retire(const Uuid& /*epoch_id*/, const std::string& /*retirement*/) override { return std::nullopt; }

 private:
  StoreStatus come_to(const std::string& call);

  FakeStore& store_;
};

/// Two stores, and an agent that keeps what it was asked to declare.
struct FakeScene {
  static constexpr UtcMicros kOld = 1'000'000;
  static constexpr UtcMicros kYoung = 9'000'000;

  FakeStore one, two;
  std::vector<LeafContent> declared;
  std::set<EventKey> letters;
  int forgotten = 0;
  int settled = 0;
  int pruned_before_asked = 0;
  std::vector<GivenUp> given_up;
  int given_up_asked = 0;
  bool takes_leaves = true;

  std::vector<KeptStore> stores();
  KeeperAgent agent();
  /// In both stores, at this place of one epoch.
  void put(const std::string& log_id, std::uint64_t index, UtcMicros received_at = kOld);
  static EventKey key(const std::string& log_id) { return {"acme", log_id}; }
  static LeafPlace place(std::uint64_t index) { return {.epoch_id = {}, .index = index}; }
};

}  // namespace twinlog::testing
