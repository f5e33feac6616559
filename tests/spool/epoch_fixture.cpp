#include "tests/spool/epoch_fixture.h"

#include "ledger/leaf/event_leaf.h"
#include "ledger/tree/merkle.h"

namespace twinlog::testing {

Uuid epoch_id(std::uint8_t id) {
  Uuid uuid{};
  uuid.front() = id;
  return uuid;
}

LeafMaker beat_maker() {
  return [](const TreeState& tree, UtcMicros accept_at) {
    HeartbeatLeaf leaf;
    leaf.tally.accepted = tree.events;
    return encode_leaf({tree.epoch_id, tree.size, accept_at}, leaf);
  };
}

template <typename Base>
Result<TreeState> WithLedger<Base>::try_begin(std::uint8_t id) {
  const auto open = [id](const TreeState& /*tree*/, UtcMicros accept_at) {
    OpenLeaf leaf;
    leaf.origin = "origin";
    leaf.agent = "{}";
    return encode_leaf({epoch_id(id), 0, accept_at}, leaf);
  };
  return this->spool().begin_epoch({.id = epoch_id(id),
                                    .origin = "origin",
                                    .open = open,
                                    .note = [](const Digest& root) { return "note over " + hex(root); }},
                                   kReceivedAt);
}

template <typename Base>
Result<TreeState> WithLedger<Base>::beat() {
  return this->spool().append(beat_maker(), kReceivedAt);
}

template <typename Base>
Result<TreeState> WithLedger<Base>::close_epoch() {
  return this->spool().append(
      [](const TreeState& tree, UtcMicros accept_at) {
        return encode_leaf({tree.epoch_id, tree.size, accept_at}, CloseLeaf{});
      },
      kReceivedAt);
}

template <typename Base>
Status WithLedger<Base>::sign(const TreeState& tree) {
  return this->spool().keep_note({.epoch_id = tree.epoch_id,
                                  .size = tree.size,
                                  .root = tree.root,
                                  .note = "note",
                                  .accepted_at = tree.last_accept_at});
}

template <typename Base>
std::vector<SpoolBatch> WithLedger<Base>::batches_after(std::uint64_t after, std::size_t most_events) {
  std::vector<SpoolBatch> batches;
  for (std::uint64_t at = after;;) {
    SpoolBatch batch = this->spool().read_batch(at, most_events, 8U << 20U).value();
    if (batch.last_number == 0) {
      return batches;
    }
    at = batch.last_number;
    batches.push_back(std::move(batch));
  }
}

std::map<Uuid, CarriedEpoch> carried(const std::vector<SpoolBatch>& batches) {
  std::map<Uuid, CarriedEpoch> epochs;
  for (const SpoolBatch& batch : batches) {
    CarriedEpoch& epoch = epochs[batch.epoch.id];
    for (const LedgerTile& tile : batch.ledger.tiles) {
      EXPECT_EQ(tile.first_index, epoch.frontier.size());
      EXPECT_GT(tile.first_accept_at, 0);
      EXPECT_GE(tile.last_accept_at, tile.first_accept_at);
      for (const Digest& hash : tile.hashes) {
        epoch.frontier.append(hash);
      }
    }
    for (const Version& version : batch.versions) {
      epoch.log_ids.push_back(version.event.log_id);
    }
    for (const OwnLeaf& own : batch.ledger.own_leaves) {
      epoch.own_leaves[own.index] = own.leaf;
    }
    for (const LedgerCheckpoint& checkpoint : batch.ledger.checkpoints) {
      epoch.notes[checkpoint.size] = checkpoint.root;
    }
    for (const Uuid& closed : batch.closed) {
      epochs[closed].is_closed = true;
    }
  }
  return epochs;
}

template class WithLedger<SpoolTest>;
template class WithLedger<FaultySpoolTest>;

}  // namespace twinlog::testing
