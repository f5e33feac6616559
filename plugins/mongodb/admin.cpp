#include <algorithm>
#include <utility>

#include "ledger/record/auth_event.h"
#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/client.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/schema.h"

namespace twinlog {
namespace mongodb {
namespace {

constexpr std::string_view kCode = "code";

/// Server version, and what its answer to isMaster (which old and new servers know) says about durability.
std::vector<CheckLine> server_lines(Client& client) {
  std::vector<CheckLine> lines;
  Bson build_info;
  BsonWriter(build_info).int32("buildInfo", 1);
  auto built = client.command(build_info);
  if (!built) {
    lines.push_back(problem(built.error(), kCode));
  } else {
    lines.push_back(
        fine("connected; the server says it is version " + BsonFields(*built).text("version").value_or("unknown")));
  }
  Bson hello;
  BsonWriter(hello).int32("isMaster", 1);
  auto answered = client.command(hello);
  if (!answered) {
    lines.push_back(problem(answered.error(), kCode));
    return lines;
  }
  const BsonFields fields(*answered);
  const bool is_router = fields.text("msg") == "isdbgrid";
  if (is_router || fields.text("setName")) {
    lines.push_back(fine(is_router ? "a sharded cluster: writes are confirmed by a majority of each shard"
                                   : "a replica set: writes are confirmed by a majority of its members"));
  } else {
    lines.push_back(fine("a single server: writes survive its crash only as far as its own journal keeps them"));
  }
  return lines;
}

/// Whether the user may read a collection. (Writers of the ledger insert and change nothing, which leaves no trial.)
StoreStatus try_reading(Client& client, const char* collection) {
  Bson filter;
  BsonWriter(filter).text("_id", "");
  return client.find({.collection = collection, .filter = filter, .projection = Bson(), .expected = 1},
                     [](const BsonFields&) {});
}

/// Whether the user may read and change a collection, tried on a document that nobody has.
StoreStatus try_rights(Client& client, const char* collection) {
  if (auto failed = try_reading(client, collection)) {
    return failed;
  }
  Bson filter;
  BsonWriter(filter).text("_id", "");
  Bson change;
  BsonWriter(change).begin_document("$set").boolean("checked", true).end();
  Bulk bulk(client, collection);
  bulk.update(filter, change);
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  return std::nullopt;
}

CheckLine schema_line(const SchemaState& state, bool migrate) {
  if (state.is_current()) {
    return fine("schema version " + std::to_string(state.version) + ", current");
  }
  const std::string found = state.version == 0 ? "no twinlog schema yet" : "an older twinlog schema";
  if (migrate) {
    return fine(found + "; the agent creates it at its start");
  }
  return problem(found + "; run `twinlog migrate`, or set stores.mongodb.migrate = true");
}

class MongodbAdmin final : public StoreAdmin {
 public:
  explicit MongodbAdmin(StoreSettings settings) : settings_(std::move(settings)) {}
  std::vector<CheckLine> check() override;
  StoreResult<std::vector<CheckLine>> migrate() override;

 private:
  StoreSettings settings_;
};

std::vector<CheckLine> MongodbAdmin::check() {
  auto connected = Client::connect(settings_);
  if (!connected) {
    return {problem(connected.error(), kCode)};
  }
  Client& client = **connected;
  std::vector<CheckLine> lines = server_lines(client);
  auto schema = read_schema_state(client);
  if (!schema) {
    lines.push_back(problem(schema.error(), kCode));
    return lines;
  }
  const SchemaState& state = *schema;
  lines.push_back(schema_line(state, settings_.migrate));
  if (auto words = unicode_mismatch(state)) {
    lines.push_back(problem(*std::move(words)));
  }
  for (const char* collection : {kRecords, kConflicts, kAccounts, kAgents}) {
    if (const auto failed = try_rights(client, collection)) {
      lines.push_back(problem(*failed, kCode));
      lines.back().text = std::string(collection) + ": " + lines.back().text;
    }
  }
  for (const char* collection : {kLedgerEpochs, kLedgerTiles, kLedgerLeaves, kLedgerCheckpoints}) {
    if (const auto failed = try_reading(client, collection)) {
      lines.push_back(problem(*failed, kCode));
      lines.back().text = std::string(collection) + ": " + lines.back().text;
    }
  }
  if (lines.end() == std::find_if(lines.begin(), lines.end(), [](const CheckLine& line) { return line.is_problem; })) {
    lines.push_back(fine("the user may read and write all collections"));
  }
  return lines;
}

StoreResult<std::vector<CheckLine>> MongodbAdmin::migrate() {
  auto connected = Client::connect(settings_);
  if (!connected) {
    return std::move(connected).error();
  }
  Client& client = **connected;
  auto schema = read_schema_state(client);
  if (!schema) {
    return std::move(schema).error();
  }
  if (schema->is_current()) {
    return std::vector<CheckLine>{fine("the schema is current already, nothing was changed")};
  }
  return migrate_schema(client);
}

}  // namespace
}  // namespace mongodb

std::unique_ptr<StoreAdmin> make_mongodb_admin(StoreSettings settings) {
  return std::make_unique<mongodb::MongodbAdmin>(std::move(settings));
}

}  // namespace twinlog
