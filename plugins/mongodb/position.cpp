#include "plugins/mongodb/position.h"

#include <algorithm>
#include <utility>

#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/foreign_index.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {
namespace {

std::uint64_t leaf_of(const BsonFields& fields, const char* name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(fields.integer(name).value_or(0), 0));
}

AgentLine line_from(const BsonFields& fields) {
  AgentLine line;
  line.exists = true;
  line.leaves = {.delivered = leaf_of(fields, "last_leaf_index"),
                 .flushing = leaf_of(fields, "flushing_leaf_index"),
                 .adopting = leaf_of(fields, "adopting_leaf_index"),
                 .adopted = leaf_of(fields, "adopted_leaf_index")};
  const auto closed = fields.find("closed_at");
  line.is_closed = closed && bson_iter_type(&closed->iter) != BSON_TYPE_NULL;
  line.is_unfinished = fields.boolean("is_unfinished").value_or(false);
  line.listed = leaf_of(fields, "listed_leaf_index");
  line.replay = fields.text("replay").value_or("");
  line.has_position = line.leaves.delivered > 0 || fields.time("flushed_at");
  line.position = {.last_leaf = line.leaves.delivered,
                   .flushed_at = fields.time("flushed_at").value_or(0),
                   .newest_effective_at = fields.time("newest_effective_at").value_or(0)};
  return line;
}

/// All but `flushing` and `replaying`, which may be long.
StoreResult<std::map<Uuid, AgentLine>> find_lines(Client& client, const Bson& filter, std::size_t expected) {
  Bson projection;
  BsonWriter(projection).int32("flushing", 0).int32("replaying", 0);
  std::map<Uuid, AgentLine> lines;
  auto failed = client.find({.collection = kAgents, .filter = filter, .projection = projection, .expected = expected},
                            [&lines](const BsonFields& fields) {
                              if (const auto epoch_id = uuid_from_text(fields.text("_id").value_or(""))) {
                                lines[*epoch_id] = line_from(fields);
                              }
                            });
  if (failed) {
    return *std::move(failed);
  }
  return lines;
}

void append_as_of(BsonWriter& filter, const Uuid& epoch_id, const AgentLine& line) {
  filter.text("_id", uuid_text(epoch_id)).int64("last_leaf_index", static_cast<std::int64_t>(line.leaves.delivered));
}

void append_ids(BsonWriter& writer, const char* name, const std::vector<std::string>& record_ids) {
  writer.begin_array(name);
  for (std::size_t i = 0; i < record_ids.size(); ++i) {
    writer.text(std::to_string(i), record_ids[i]);
  }
  writer.end();
}

/// Where the server calls the line's key taken, or that of a change to it.
StoreError refused_line(Client& client) {
  return refused_by_foreign_index(client, kAgents).value_or(position_moved());
}

void append_flushing(BsonWriter& writer, std::uint64_t flushing, std::uint64_t listed,
                     const std::vector<std::string>& record_ids) {
  writer.int64("flushing_leaf_index", static_cast<std::int64_t>(flushing)).boolean("is_unfinished", true);
  writer.int64("listed_leaf_index", static_cast<std::int64_t>(listed));
  append_ids(writer, "flushing", record_ids);
}

/// The line is changed where its position is still that of `line`.
StoreStatus change_line(Client& client, const Uuid& epoch_id, const AgentLine& line, const Bson& change,
                        Confirmed confirmed) {
  Bulk bulk(client, kAgents, confirmed);
  Bson filter;
  BsonWriter as_of(filter);
  append_as_of(as_of, epoch_id, line);
  bulk.update(filter, change);
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  if (!executed->duplicates.empty()) {
    return refused_line(client);
  }
  return executed->matched == 1 ? std::nullopt : StoreStatus(position_moved());
}

}  // namespace

StoreResult<std::map<Uuid, AgentLine>> read_lines(Client& client, const std::set<Uuid>& epochs) {
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("_id").begin_array("$in");
  std::size_t number = 0;
  for (const Uuid& epoch_id : epochs) {
    writer.text(std::to_string(number++), uuid_text(epoch_id));
  }
  writer.end().end();
  return find_lines(client, filter, epochs.size());
}

StoreResult<std::map<Uuid, AgentLine>> read_unfinished_lines(Client& client, std::size_t most) {
  Bson filter;
  BsonWriter(filter).boolean("is_unfinished", true);
  return find_lines(client, filter, most);
}

StoreResult<AgentLine> read_line(Client& client, const Uuid& epoch_id) {
  auto lines = read_lines(client, {epoch_id});
  if (!lines) {
    return std::move(lines).error();
  }
  const auto found = lines->find(epoch_id);
  return found == lines->end() ? AgentLine{} : found->second;
}

StoreResult<ListedIds> read_listed(Client& client, const Uuid& epoch_id) {
  Bson filter;
  BsonWriter(filter).text("_id", uuid_text(epoch_id));
  ListedIds ids;
  auto failed = client.find({.collection = kAgents, .filter = filter, .projection = Bson(), .expected = 1},
                            [&ids](const BsonFields& fields) {
                              ids = {.flushing = fields.texts("flushing"), .replaying = fields.texts("replaying")};
                            });
  if (failed) {
    return *std::move(failed);
  }
  return ids;
}

StoreError position_moved() {
  return {.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = std::string(kPositionMovedWords)};
}

StoreStatus begin_flush(Client& client, const Epoch& epoch, AgentLine& line, std::uint64_t last_leaf,
                        const std::vector<std::string>& record_ids) {
  Bson document;
  BsonWriter writer(document);
  const bool says_more = line.is_unfinished && line.listed > last_leaf;
  const std::uint64_t flushing = std::max(line.leaves.flushing, last_leaf);
  if (!line.exists) {
    writer.text("_id", uuid_text(epoch.id)).text("epoch_id", uuid_text(epoch.id)).text("agent", epoch.agent);
    writer.null("closed_at").int64("last_leaf_index", 0);
    append_flushing(writer, flushing, last_leaf, record_ids);
    Bulk bulk(client, kAgents, Confirmed::kWithTheNextWrite);
    bulk.insert(document);
    auto executed = bulk.execute();
    if (!executed || !executed->duplicates.empty()) {
      return executed ? refused_line(client) : std::move(executed).error();
    }
  } else {
    writer.begin_document("$set").text("agent", epoch.agent);
    if (!says_more) {
      append_flushing(writer, flushing, last_leaf, record_ids);
    }
    writer.end();
    if (auto failed = change_line(client, epoch.id, line, document, Confirmed::kWithTheNextWrite)) {
      return failed;
    }
  }
  line.exists = true;
  line.is_unfinished = true;
  line.listed = says_more ? line.listed : last_leaf;
  line.leaves.flushing = flushing;
  return std::nullopt;
}

StoreStatus begin_replay(Client& client, const Epoch& epoch, AgentLine& line, const std::string& token,
                         const std::vector<std::string>& record_ids) {
  Bson change;
  BsonWriter writer(change);
  const std::uint64_t listed = line.is_unfinished ? line.listed : line.leaves.delivered;
  writer.begin_document("$set").text("agent", epoch.agent).boolean("is_unfinished", true);
  writer.int64("listed_leaf_index", static_cast<std::int64_t>(listed)).text("replay", token);
  append_ids(writer, "replaying", record_ids);
  writer.end();
  if (auto failed = change_line(client, epoch.id, line, change, Confirmed::kWithTheNextWrite)) {
    return failed;
  }
  line.is_unfinished = true;
  line.listed = listed;
  line.replay = token;
  return std::nullopt;
}

StoreStatus end_replay(Client& client, const Epoch& epoch, AgentLine& line) {
  const bool ends = line.listed <= line.leaves.delivered;
  Bson change;
  BsonWriter writer(change);
  writer.begin_document("$unset").text("replay", "").text("replaying", "");
  if (ends) {
    writer.text("is_unfinished", "").text("flushing", "");
  }
  writer.end();
  if (auto failed = change_line(client, epoch.id, line, change, Confirmed::kByMajority)) {
    return failed;
  }
  line.is_unfinished = line.is_unfinished && !ends;
  line.replay.clear();
  return std::nullopt;
}

StoreStatus write_position(Client& client, const Epoch& epoch, AgentLine& line, const AgentPosition& position) {
  Bson change;
  BsonWriter writer(change);
  writer.begin_document("$set").text("agent", epoch.agent).time("flushed_at", position.flushed_at).end();
  writer.begin_document("$max").int64("last_leaf_index", static_cast<std::int64_t>(position.last_leaf));
  if (position.newest_effective_at > 0) {  // Of events: there may be none in this flush.
    writer.time("newest_effective_at", position.newest_effective_at);
  }
  writer.end();
  const bool ends = position.last_leaf >= line.listed;
  if (ends) {
    writer.begin_document("$unset").text("is_unfinished", "").text("flushing", "").end();
  }
  if (auto failed = change_line(client, epoch.id, line, change, Confirmed::kByMajority)) {
    return failed;
  }
  line.leaves.delivered = std::max(line.leaves.delivered, position.last_leaf);
  line.is_unfinished = line.is_unfinished && !ends;
  line.has_position = true;
  line.position = {.last_leaf = line.leaves.delivered,
                   .flushed_at = position.flushed_at,
                   .newest_effective_at = std::max(line.position.newest_effective_at, position.newest_effective_at)};
  return std::nullopt;
}

StoreStatus close_epochs(Client& client, std::span<const Uuid> epochs, UtcMicros now) {
  Bulk bulk(client, kAgents);
  Bson change;
  BsonWriter writer(change);
  writer.begin_document("$set").time("closed_at", now).end();
  for (const Uuid& epoch_id : epochs) {
    Bson filter;
    BsonWriter(filter).text("_id", uuid_text(epoch_id)).null("closed_at");
    bulk.update(filter, change);
  }
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  return std::nullopt;
}

}  // namespace twinlog::mongodb
