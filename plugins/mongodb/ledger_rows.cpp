#include "plugins/mongodb/ledger_rows.h"

#include <utility>

#include "ledger/leaf/event_leaf.h"
#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/foreign_index.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {
namespace {

std::int64_t as_signed(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

std::string joined(const std::vector<Digest>& hashes) {
  std::string bytes;
  bytes.reserve(hashes.size() * sizeof(Digest));
  for (const Digest& hash : hashes) {
    bytes += as_text(hash);
  }
  return bytes;
}

/// Inserts of one collection. The position that a majority confirms at the end of the flush proves them, too.
class Inserts {
 public:
  Inserts(Client& client, const char* collection)
      : collection_(collection), bulk_(client, collection, Confirmed::kWithTheNextWrite) {}

  void insert(const Bson& document, const BsonWriter& writer) {
    is_sound_ = is_sound_ && writer.ok();
    bulk_.insert(document);
  }

  StoreStatus execute() {
    if (!is_sound_) {
      return StoreError{.reaction = Reaction::kHold,
                        .code = "",
                        .constraint = "",
                        .words = std::string(collection_) + ": cannot be written as a document; please report this"};
    }
    auto executed = bulk_.execute();
    if (executed) {
      return std::nullopt;
    }
    StoreError& failed = executed.error();
    if (!failed.code.empty()) {
      failed.words = std::string(collection_) + ": " + failed.words;
    }
    return std::move(failed);
  }

 private:
  const char* collection_;
  Bulk bulk_;
  bool is_sound_ = true;
};

void append_leaf(BsonWriter& writer, const LeafPlace& place, std::string_view leaf) {
  writer.text("_id", leaf_id(place)).text("epoch_id", uuid_text(place.epoch_id));
  writer.int64("leaf_index", as_signed(place.index)).binary("leaf", leaf);
}

}  // namespace

std::string leaf_id(const LeafPlace& place) {
  return uuid_text(place.epoch_id) + "/" + std::to_string(place.index);
}

std::string checkpoint_id(const Uuid& epoch_id, std::uint64_t size, std::string_view root) {
  return uuid_text(epoch_id) + "/" + std::to_string(size) + "/" + hex(root);
}

std::string tile_id(const Uuid& epoch_id, std::uint64_t first_index, std::uint64_t leaf_count) {
  return uuid_text(epoch_id) + "/" + std::to_string(first_index) + "/" + std::to_string(leaf_count);
}

StoreStatus write_leaves(Client& client, const Uuid& epoch_id, std::span<const OwnLeaf> own,
                         std::span<const FurtherAcceptance> further) {
  Inserts inserts(client, kLedgerLeaves);
  for (const OwnLeaf& leaf : own) {
    Bson document;
    BsonWriter writer(document);
    append_leaf(writer, {epoch_id, leaf.index}, leaf.leaf);
    inserts.insert(document, writer);
  }
  for (const auto& [version, is_erased] : further) {
    if (!version->ledger) {
      continue;
    }
    Bson document;
    BsonWriter writer(document);
    append_leaf(writer, {version->epoch_id, version->leaf_index}, event_leaf(*version));
    writer.text("tenant_id", version->event.tenant_id).text("log_id", version->event.log_id);
    writer.int64("tenant_seq", as_signed(version->ledger->tenant_seq));
    if (!is_erased) {
      writer.binary("record_key", as_text(version->ledger->record_key));
    }
    inserts.insert(document, writer);
  }
  return inserts.execute();
}

StoreStatus write_tiles(Client& client, const Uuid& epoch_id, std::span<const LedgerTile> tiles) {
  Inserts inserts(client, kLedgerTiles);
  for (const LedgerTile& tile : tiles) {
    Bson document;
    BsonWriter writer(document);
    writer.text("_id", tile_id(epoch_id, tile.first_index, tile.hashes.size())).text("epoch_id", uuid_text(epoch_id));
    writer.int64("first_index", as_signed(tile.first_index));
    writer.int32("leaf_count", static_cast<std::int32_t>(tile.hashes.size()));
    writer.time("first_accept_at", tile.first_accept_at).time("last_accept_at", tile.last_accept_at);
    writer.binary("hashes", joined(tile.hashes));
    inserts.insert(document, writer);
  }
  return inserts.execute();
}

StoreStatus write_epoch_and_checkpoints(Client& client, const Uuid& epoch_id, const LedgerPart& part) {
  if (part.beginning) {
    Inserts inserts(client, kLedgerEpochs);
    Bson document;
    BsonWriter writer(document);
    writer.text("_id", uuid_text(epoch_id)).text("epoch_id", uuid_text(epoch_id));
    writer.text("origin", part.beginning->origin).binary("open", part.beginning->open);
    writer.text("note", part.beginning->note);
    inserts.insert(document, writer);
    if (auto failed = inserts.execute()) {
      return failed;
    }
  }
  Inserts inserts(client, kLedgerCheckpoints);
  for (const LedgerCheckpoint& checkpoint : part.checkpoints) {
    Bson document;
    BsonWriter writer(document);
    writer.text("_id", checkpoint_id(epoch_id, checkpoint.size, as_text(checkpoint.root)));
    writer.text("epoch_id", uuid_text(epoch_id)).int64("size", as_signed(checkpoint.size));
    writer.binary("root", as_text(checkpoint.root)).text("note", checkpoint.note);
    writer.time("accepted_at", checkpoint.accepted_at);
    inserts.insert(document, writer);
  }
  return inserts.execute();
}

}  // namespace twinlog::mongodb
