#include "plugins/mongodb/position.h"

#include <utility>

#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {

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

StoreError position_moved() {
  return {.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = std::string(kPositionMovedWords)};
}

StoreStatus write_position(Client& client, const Epoch& epoch, const AgentPosition& position,
                           std::optional<std::uint64_t> expected) {
  Bulk bulk(client, kAgents);
  Bson document;
  BsonWriter writer(document);
  if (expected) {
    Bson filter;
    BsonWriter(filter).text("_id", uuid_text(epoch.id)).int64("last_leaf_index", static_cast<std::int64_t>(*expected));
    writer.begin_document("$set").text("agent", epoch.agent).time("flushed_at", position.flushed_at).end();
    writer.begin_document("$max");
    writer.int64("last_leaf_index", static_cast<std::int64_t>(position.last_leaf));
    writer.time("newest_effective_at", position.newest_effective_at).end();
    bulk.update(filter, document);
  } else {
    writer.text("_id", uuid_text(epoch.id)).text("epoch_id", uuid_text(epoch.id)).null("closed_at");
    writer.text("agent", epoch.agent).time("flushed_at", position.flushed_at);
    writer.int64("last_leaf_index", static_cast<std::int64_t>(position.last_leaf));
    writer.time("newest_effective_at", position.newest_effective_at);
    bulk.insert(document);
  }
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  const bool is_written = expected ? executed->matched == 1 : executed->duplicates.empty();
  return is_written ? std::nullopt : StoreStatus(position_moved());
}

}  // namespace twinlog::mongodb
