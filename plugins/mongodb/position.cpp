#include "plugins/mongodb/position.h"

#include <utility>

#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/names.h"

namespace twinlog {

StoreResult<std::optional<AgentPosition>> read_position(Client& client, const Uuid& epoch_id) {
  Bson filter;
  BsonWriter(filter).text("_id", uuid_text(epoch_id));
  std::optional<AgentPosition> position;
  auto failed = client.find(
      {.collection = kAgents, .filter = filter, .projection = Bson(), .expected = 1},
      [&position](const BsonFields& fields) {
        position = AgentPosition{.last_leaf = static_cast<std::uint64_t>(fields.integer("last_leaf_index").value_or(0)),
                                 .flushed_at = fields.time("flushed_at").value_or(0),
                                 .newest_effective_at = fields.time("newest_effective_at").value_or(0)};
      });
  if (failed) {
    return *std::move(failed);
  }
  return position;
}

StoreStatus write_position(Client& client, const Epoch& epoch, const AgentPosition& position) {
  Bson filter;
  BsonWriter(filter).text("_id", uuid_text(epoch.id));
  Bson change;
  BsonWriter writer(change);
  writer.begin_document("$setOnInsert").text("epoch_id", uuid_text(epoch.id)).null("closed_at").end();
  writer.begin_document("$set").text("agent", epoch.agent).time("flushed_at", position.flushed_at).end();
  writer.begin_document("$max");
  writer.int64("last_leaf_index", static_cast<std::int64_t>(position.last_leaf));
  writer.time("newest_effective_at", position.newest_effective_at).end();
  Bulk bulk(client, kAgents);
  bulk.upsert(filter, change);
  auto executed = bulk.execute();
  if (auto* failed = std::get_if<StoreError>(&executed)) {
    return std::move(*failed);
  }
  return std::nullopt;
}

}  // namespace twinlog
