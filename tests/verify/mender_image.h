// A fake mender over a store in memory, so that the faults of a store can be had at will: the real ones are tried
// against real servers in tests/e2e/reconcile_test.py.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "ledger/verify/mending.h"
#include "plugins/api/mender.h"
#include "tests/verify/attacked.h"

namespace twinlog::testing {

class FakeMender final : public StoreMender {
 public:
  explicit FakeMender(StoreImage& image) : image_(image) {}
  StoreStatus connect() override { return {}; }
  StoreResult<std::vector<LedgerRow>> versions(std::span<const EventKey> keys) override {
    std::vector<LedgerRow> found;
    std::ranges::copy_if(image_.rows, std::back_inserter(found), [&](const LedgerRow& row) {
      return std::ranges::find(keys, EventKey{row.version.event.tenant_id, row.version.event.log_id}) != keys.end();
    });
    return found;
  }
  StoreResult<std::vector<LedgerLeafRow>> leaves(std::span<const LeafPlace> places) override {
    std::vector<LedgerLeafRow> found;
    std::ranges::copy_if(image_.leaves, std::back_inserter(found), [&](const LedgerLeafRow& row) {
      return std::ranges::find(places, LeafPlace{row.epoch_id, row.leaf_index}) != places.end();
    });
    return found;
  }
  StoreResult<std::optional<std::string>> account_state(const AccountKey& key) override {
    const auto found = std::ranges::find(image_.accounts, key, &LedgerAccountRow::key);
    return found == image_.accounts.end() ? std::nullopt : std::optional(found->state);
  }
  StoreStatus restore(const Restoration& restoration) override {
    ++restorations;
    if (fault) {
      return fault;
    }
    for (const Version& version : restoration.versions) {
      if (refused.contains(version.event.log_id)) {
        return StoreError{Reaction::kPoison, "23514", {}, "never", StoreStage::kRecords};
      }
    }
    for (const Version& version : restoration.versions) {
      if (!swallowed.contains(version.event.log_id)) {
        image_.take(version);
      }
    }
    take(restoration.epoch_id, restoration.ledger);
    return {};
  }
  StoreResult<AccountRestored> write_account(const AccountRestoration& wanted) override {
    const auto found = std::ranges::find(image_.accounts, wanted.key, &LedgerAccountRow::key);
    const bool is_there = found != image_.accounts.end();
    if (is_there != wanted.held.has_value() || (is_there && found->state != *wanted.held) || writes_meanwhile) {
      return AccountRestored::kChangedMeanwhile;
    }
    LedgerAccountRow row;
    row.key = wanted.key;
    row.account = shown(wanted.state);
    row.state = encode_account_state(wanted.state);
    if (is_there) {
      *found = row;
    } else {
      image_.accounts.push_back(row);
    }
    return AccountRestored::kWritten;
  }

  StoreStatus fault;
  std::set<std::string> refused;    ///< By log_id: the store will not have it.
  std::set<std::string> swallowed;  ///< It says that it took it, and has not.
  bool writes_meanwhile = false;
  int restorations = 0;

 private:
  void take(const Uuid& epoch_id, const LedgerPart& part) {
    if (part.beginning) {
      image_.epochs.push_back(
          {uuid_text(epoch_id), part.beginning->origin, part.beginning->open, part.beginning->note, {}});
    }
    for (const OwnLeaf& own : part.own_leaves) {
      LedgerLeafRow leaf;
      leaf.epoch_id = epoch_id;
      leaf.leaf_index = own.index;
      leaf.leaf = own.leaf;
      image_.leaves.push_back(std::move(leaf));
    }
    for (const LedgerTile& tile : part.tiles) {
      std::string hashes;
      for (const Digest& hash : tile.hashes) {
        hashes += as_text(hash);
      }
      image_.tiles.push_back(
          {epoch_id, tile.first_index, tile.hashes.size(), tile.first_accept_at, tile.last_accept_at, hashes});
    }
    for (const LedgerCheckpoint& each : part.checkpoints) {
      image_.checkpoints.push_back({epoch_id, each.size, std::string(as_text(each.root)), each.note, each.accepted_at});
    }
  }
  StoreImage& image_;
};

}  // namespace twinlog::testing
