#include "plugins/mongodb/ledger_rows.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "ledger/base/kill_point.h"
#include "ledger/leaf/event_leaf.h"
#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {
namespace {

std::string leaf_id(const LeafPlace& place) {
  return uuid_text(place.epoch_id) + "/" + std::to_string(place.index);
}

Bson leaf_document(const LeafPlace& place, const std::string& leaf) {
  Bson document;
  BsonWriter(document)
      .text("_id", leaf_id(place))
      .text("epoch_id", uuid_text(place.epoch_id))
      .int64("leaf_index", static_cast<std::int64_t>(place.index))
      .binary("leaf", leaf);
  return document;
}

/// Without a record_key where the content was erased here: nothing of it is to be kept.
Bson further_document(const Version& version, bool is_of_erased) {
  Bson document = leaf_document({version.epoch_id, version.leaf_index}, event_leaf(version));
  BsonWriter writer(document);
  writer.text("tenant_id", version.event.tenant_id).text("log_id", version.event.log_id);
  writer.int64("tenant_seq", static_cast<std::int64_t>(version.ledger->tenant_seq));
  if (!is_of_erased) {
    writer.binary("record_key", as_text(version.ledger->record_key));
  }
  return document;
}

Bson tile_document(const Uuid& epoch_id, const LedgerTile& tile) {
  std::string hashes;
  hashes.reserve(tile.hashes.size() * sizeof(Digest));
  for (const Digest& hash : tile.hashes) {
    hashes.append(as_text(hash));
  }
  const std::string count = std::to_string(tile.hashes.size());
  Bson document;
  BsonWriter(document)
      .text("_id", uuid_text(epoch_id) + "/" + std::to_string(tile.first_index) + "/" + count)
      .text("epoch_id", uuid_text(epoch_id))
      .int64("first_index", static_cast<std::int64_t>(tile.first_index))
      .int32("leaf_count", static_cast<std::int32_t>(tile.hashes.size()))
      .time("first_accept_at", tile.first_accept_at)
      .time("last_accept_at", tile.last_accept_at)
      .binary("hashes", hashes);
  return document;
}

Bson epoch_document(const Uuid& epoch_id, const EpochBeginning& beginning) {
  Bson document;
  BsonWriter(document)
      .text("_id", uuid_text(epoch_id))
      .text("epoch_id", uuid_text(epoch_id))
      .text("origin", beginning.origin)
      .binary("open", beginning.open)
      .text("note", beginning.note);
  return document;
}

Bson checkpoint_document(const Uuid& epoch_id, const LedgerCheckpoint& checkpoint) {
  Bson document;
  BsonWriter(document)
      .text("_id", uuid_text(epoch_id) + "/" + std::to_string(checkpoint.size) + "/" + hex(checkpoint.root))
      .text("epoch_id", uuid_text(epoch_id))
      .int64("size", static_cast<std::int64_t>(checkpoint.size))
      .binary("root", as_text(checkpoint.root))
      .text("note", checkpoint.note)
      .time("accepted_at", checkpoint.accepted_at);
  return document;
}

StoreStatus insert_absent(Client& client, const char* collection, const std::vector<Bson>& documents) {
  if (documents.empty()) {
    return std::nullopt;
  }
  Bulk bulk(client, collection);
  for (const Bson& document : documents) {
    bulk.insert(document);
  }
  auto executed = bulk.execute();
  if (executed) {
    return std::nullopt;
  }
  StoreError failed = std::move(executed).error();
  failed.words = std::string(collection) + ": " + failed.words;
  return at(StoreStage::kLedger, std::move(failed));
}

}  // namespace

StoreStatus write_leaves(Client& client, const FlushBatch& batch, const OurVersions& ours) {
  std::vector<Bson> leaves;
  for (const OwnLeaf& own : batch.ledger.own_leaves) {
    leaves.push_back(leaf_document({batch.epoch_id, own.index}, own.leaf));
  }
  for (const Version* version : ours.further) {
    if (version->ledger) {
      leaves.push_back(further_document(*version, ours.of_erased.contains(version)));
    }
  }
  if (auto failed = insert_absent(client, kLedgerLeaves, leaves)) {
    return failed;
  }
  TWINLOG_KILL_POINT("mongodb.leaves_written");
  std::vector<Bson> tiles;
  for (const LedgerTile& tile : batch.ledger.tiles) {
    tiles.push_back(tile_document(batch.epoch_id, tile));
  }
  return insert_absent(client, kLedgerTiles, tiles);
}

StoreStatus write_checkpoints(Client& client, const FlushBatch& batch) {
  std::vector<Bson> epochs;
  if (batch.ledger.beginning) {
    epochs.push_back(epoch_document(batch.epoch_id, *batch.ledger.beginning));
  }
  if (auto failed = insert_absent(client, kLedgerEpochs, epochs)) {
    return failed;
  }
  std::vector<Bson> checkpoints;
  for (const LedgerCheckpoint& checkpoint : batch.ledger.checkpoints) {
    checkpoints.push_back(checkpoint_document(batch.epoch_id, checkpoint));
  }
  return insert_absent(client, kLedgerCheckpoints, checkpoints);
}

StoreResult<std::vector<StoredLeaf>> read_leaves(Client& client, std::span<const LeafPlace> places) {
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("_id").begin_array("$in");
  for (std::size_t i = 0; i < places.size(); ++i) {
    writer.text(std::to_string(i), leaf_id(places[i]));
  }
  writer.end().end();
  std::vector<StoredLeaf> found;
  auto failed =
      client.find({.collection = kLedgerLeaves, .filter = filter, .projection = Bson(), .expected = places.size()},
                  [&found](const BsonFields& fields) {
                    const auto epoch_id = uuid_from_text(fields.text("epoch_id").value_or(""));
                    const auto index = fields.integer("leaf_index");
                    auto leaf = fields.binary("leaf");
                    if (epoch_id && index && leaf) {
                      found.push_back({{*epoch_id, static_cast<std::uint64_t>(*index)}, *std::move(leaf)});
                    }
                  });
  if (failed) {
    return *std::move(failed);
  }
  return found;
}

StoreResult<std::vector<SeenCheckpoint>> read_newest_checkpoints(Client& client, std::size_t most) {
  std::vector<SeenCheckpoint> seen;
  std::set<Uuid> epochs;
  const Bson all;
  auto failed = client.find({.collection = kLedgerCheckpoints,
                             .filter = all,
                             .projection = Bson(),
                             .expected = most,
                             .newest_by = "accepted_at",
                             .most = most},
                            [&](const BsonFields& fields) {
                              const auto epoch_id = uuid_from_text(fields.text("epoch_id").value_or(""));
                              if (epoch_id) {
                                seen.push_back({.epoch_id = *epoch_id, .note = fields.text("note").value_or("")});
                                epochs.insert(*epoch_id);
                              }
                            });
  if (failed) {
    return *std::move(failed);
  }
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("_id").begin_array("$in");
  std::size_t number = 0;
  for (const Uuid& epoch_id : epochs) {
    writer.text(std::to_string(number++), uuid_text(epoch_id));
  }
  writer.end().end();
  failed = client.find({.collection = kLedgerEpochs, .filter = filter, .projection = Bson(), .expected = epochs.size()},
                       [&](const BsonFields& fields) {
                         for (SeenCheckpoint& checkpoint : seen) {
                           if (uuid_text(checkpoint.epoch_id) == fields.text("_id")) {
                             checkpoint.open = fields.binary("open").value_or("");
                             checkpoint.beginning_note = fields.text("note").value_or("");
                           }
                         }
                       });
  if (failed) {
    return *std::move(failed);
  }
  return seen;
}

}  // namespace twinlog::mongodb
