#include "tests/spool/ledger_fixture.h"

#include "ledger/base/uuid.h"
#include "ledger/leaf/event_leaf.h"
#include "ledger/tree/merkle.h"

namespace twinlog::testing {
namespace {

Uuid epoch_id(std::uint8_t number) {
  Uuid id = *array_from<sizeof(Uuid)>(*from_hex("019ab3c4d5e67f0081020304050607f8"));
  id.back() = number;
  return id;
}

LeafMaker maker_of(const LeafContent& content) {
  return [content](const TreeState& tree, UtcMicros accept_at) {
    return encode_leaf({tree.epoch_id, tree.size, accept_at}, content);
  };
}

void take(const LedgerPart& part, StoredTree& tree) {
  if (part.beginning) {
    tree.beginning = part.beginning;
    tree.rebuilt.emplace(0, leaf_hash(part.beginning->open));
  }
  for (const LedgerTile& tile : part.tiles) {
    EXPECT_FALSE(tile.hashes.empty());
    EXPECT_LE(tile.first_accept_at, tile.last_accept_at);
    for (std::size_t i = 0; i < tile.hashes.size(); ++i) {
      const auto [at, is_new] = tree.hashes.emplace(tile.first_index + i, tile.hashes[i]);
      EXPECT_EQ(at->second, tile.hashes[i]) << "tiles that overlap agree";
    }
  }
  for (const OwnLeaf& own : part.own_leaves) {
    tree.rebuilt.emplace(own.index, leaf_hash(own.leaf));
  }
  for (const LedgerCheckpoint& note : part.checkpoints) {
    tree.notes.emplace(note.size, note.root);
  }
}

}  // namespace

NewEpoch new_epoch(std::uint8_t number) {
  OpenLeaf open;
  open.origin = "audit.example.com/twinlog/auth-1/" + uuid_text(epoch_id(number));
  open.verifier_key = open.origin + "+9b8b8cb8+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
  open.reason = OpenReason::kFirst;
  open.agent = R"({"agent":"auth-1","node":"n1","pod":"p1","version":"0.1.0"})";
  return {.id = epoch_id(number),
          .origin = open.origin,
          .open =
              [open](const TreeState& tree, UtcMicros accept_at) {
                OpenLeaf leaf = open;
                leaf.due = accept_at + 600'000'000;
                return encode_leaf({tree.epoch_id, tree.size, accept_at}, leaf);
              },
          .note = [](const Digest& root) { return "note of size 1 over " + hex(root); }};
}

LeafMaker gap_maker() {
  GapLeaf gap;
  gap.ranges = {{epoch_id(1), 1, 1}};
  gap.reason = GapReason::kDamagedSpool;
  return maker_of(gap);
}

LeafMaker close_maker() {
  CloseLeaf close;
  close.tally.previous_checkpoint = 1;
  return maker_of(close);
}

LeafMaker heartbeat_maker() {
  return [](const TreeState& tree, UtcMicros accept_at) {
    HeartbeatLeaf heartbeat;
    heartbeat.tally.previous_checkpoint = 1;
    heartbeat.due = accept_at + 600'000'000;
    return encode_leaf({tree.epoch_id, tree.size, accept_at}, heartbeat);
  };
}

std::optional<Frontier> StoredTree::tree(std::uint64_t size) const {
  Frontier frontier;
  for (auto at = hashes.begin(); at != hashes.end() && frontier.size() < size; ++at) {
    if (at->first != frontier.size()) {
      return std::nullopt;
    }
    frontier.append(at->second);
  }
  return frontier.size() == size ? std::optional(frontier) : std::nullopt;
}

std::map<std::string, StoredTree> deliver(const Spool& spool, std::uint64_t after, std::size_t most_items) {
  std::map<std::string, StoredTree> stored;
  while (true) {
    const Result<SpoolBatch> batch = spool.read_batch(after, most_items, 1U << 30U);
    EXPECT_TRUE(batch.has_value()) << (batch ? "" : batch.error().message());
    if (!batch || batch->last_number == 0) {
      return stored;
    }
    EXPECT_GT(batch->last_number, after);
    after = batch->last_number;
    StoredTree& tree = stored[uuid_text(batch->epoch.id)];
    tree.base = batch->epoch.base;
    take(batch->ledger, tree);
    for (const Version& version : batch->versions) {
      EXPECT_EQ(version.epoch_id, batch->epoch.id);
      EXPECT_EQ(version.ledger.has_value(), batch->epoch.has_ledger);
      EXPECT_EQ(version.number, batch->epoch.base + version.leaf_index);
      if (version.ledger) {
        tree.rebuilt.emplace(version.leaf_index, leaf_hash(event_leaf(version)));
      }
    }
    for (const Uuid& closed : batch->closed) {
      stored[uuid_text(closed)].is_closed = true;
    }
  }
}

void expect_sound(const std::map<std::string, StoredTree>& stored) {
  for (const auto& [id, tree] : stored) {
    for (const auto& [index, hash] : tree.rebuilt) {
      ASSERT_TRUE(tree.hashes.contains(index)) << id << " " << index;
      EXPECT_EQ(tree.hashes.at(index), hash) << id << " " << index;
    }
    for (const auto& [size, root] : tree.notes) {
      const std::optional<Frontier> frontier = tree.tree(size);
      ASSERT_TRUE(frontier.has_value()) << id << " of size " << size;
      EXPECT_EQ(frontier->root(), root) << id << " of size " << size;
    }
  }
}

}  // namespace twinlog::testing
