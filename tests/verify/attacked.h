// A small record in two stores, to be tampered with.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "ledger/leaf/event_leaf.h"
#include "ledger/record/canonical.h"
#include "ledger/tree/merkle.h"
#include "tests/verify/store_image.h"

namespace twinlog::testing {

inline constexpr auto kP = StoreSide::kPostgres;
inline constexpr auto kM = StoreSide::kMongodb;

/// An epoch with ten leaves that has ended, nothing of it touched.
class Attacked : public ::testing::Test {
 protected:
  Attacked() {
    first_.emplace(world_, Epoch::Begin{});
    first_->event(login("acme", "e1"));                    // 1
    first_->event(login("acme", "e2", "login_success"));   // 2
    first_->event(login("other", "e3"));                   // 3
    first_->heartbeat();                                   // 4
    first_->event(login("acme", "e4", "account_locked"));  // 5
    AuthEvent again = login("acme", "e4", "account_locked");
    again.lock_reason = "other";
    first_->event(again);                // 6: a conflict
    first_->event(login("acme", "e1"));  // 7: a further acceptance
    first_->heartbeat();                 // 8
    first_->close();                     // 9
    now_ = first_->now() + kSecond;
  }
  Verified run(VerifyAs as = {}) {
    as.now = as.now == 0 ? now_ : as.now;
    return verify(world_, as);
  }
  void expect(Verdict verdict, std::optional<StoreSide> store, std::optional<std::uint64_t> index,
              const VerifyAs& as = {}) {
    const Verified verified = run(as);
    EXPECT_TRUE(verified.has(verdict, store, index)) << verified.text();
    EXPECT_EQ(verified.exit, exit_of(verdict)) << verified.text();
  }
  void make_row(LedgerRow& row) { row.version.content_hash = content_hash(canonical_content(row.version.event)); }
  void mend_tile(StoreImage& image, const LedgerRow& row) {
    LedgerTileRow& tile = image.tile_of(row.version.epoch_id, row.version.leaf_index);
    const Digest hash = leaf_hash(event_leaf(row.version));
    tile.hashes.replace((row.version.leaf_index - tile.first_index) * 32, 32, as_text(hash));
  }
  static void cut(StoreImage& image, const Uuid& epoch, std::uint64_t size) {
    std::erase_if(image.rows, [&](const LedgerRow& one) {
      return one.version.epoch_id == epoch && one.version.leaf_index >= size;
    });
    std::erase_if(image.leaves,
                  [&](const LedgerLeafRow& one) { return one.epoch_id == epoch && one.leaf_index >= size; });
    std::erase_if(image.tiles,
                  [&](const LedgerTileRow& one) { return one.epoch_id == epoch && one.first_index >= size; });
    std::erase_if(image.checkpoints,
                  [&](const LedgerCheckpointRow& one) { return one.epoch_id == epoch && one.size > size; });
    image.count_accounts();
  }
  static void remove(StoreImage& image, const Uuid& epoch) {
    cut(image, epoch, 0);
    std::erase_if(image.epochs, [&](const LedgerEpochRow& one) { return one.epoch_id == uuid_text(epoch); });
  }

  World world_;
  std::optional<Epoch> first_;
  UtcMicros now_ = 0;
};

}  // namespace twinlog::testing
