#include "plugins/mongodb/schema.h"

#include <array>
#include <utility>

#include "ledger/base/kill_point.h"
#include "ledger/record/auth_event.h"
#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {
namespace {

constexpr const char* kSchemaId = "schema";
constexpr const char* kNamespaceExists = "48";

struct Index {
  const char* collection;
  const char* name;
  bool is_unique;
  std::array<const char*, 3> fields;  ///< Null where there are fewer.
};

/// The questions that people ask, and the recount; each further index on auth_logs costs about 30 % of write speed.
/// The last one holds exactly the fields of the guard of accounts.cpp: mongod needs only _id for it, but a server that
/// serves a filter only from an index over the same fields reads all accounts for each replacement otherwise.
constexpr Index kIndexes[] = {
    {kRecords, "tenant_time", false, {"tenant_id", "occurred_at"}},
    {kRecords, "tenant_account_time", false, {"tenant_id", "account", "occurred_at"}},
    {kRecords, "tenant_ip_time", false, {"tenant_id", "ip", "occurred_at"}},
    {kConflicts, "tenant_account_time", false, {"tenant_id", "account", "occurred_at"}},
    {kAccounts, "guard", true, {"_id", "version"}},
};

StoreStatus create_collection(Client& client, const char* name) {
  Bson command;
  BsonWriter(command).text("create", name);
  auto created = client.command(command);
  if (created || created.error().code == kNamespaceExists) {
    return std::nullopt;
  }
  return std::move(created).error();
}

StoreStatus create_index(Client& client, const Index& index) {
  Bson command;
  BsonWriter writer(command);
  writer.text("createIndexes", index.collection).begin_array("indexes").begin_document("0");
  writer.begin_document("key");
  for (const char* field : index.fields) {
    if (field != nullptr) {
      writer.int32(field, 1);
    }
  }
  writer.end().text("name", index.name);
  if (index.is_unique) {
    writer.boolean("unique", true);
  }
  writer.end().end();
  auto created = client.command(command);
  if (!created) {
    return std::move(created).error();
  }
  return std::nullopt;
}

StoreStatus write_version(Client& client) {
  Bson filter;
  BsonWriter(filter).text("_id", kSchemaId);
  Bson change;
  BsonWriter writer(change);
  writer.begin_document("$max").int32("version", kSchemaVersion).end();
  writer.begin_document("$set").text("folding_unicode", folding_unicode_version()).end();
  Bulk bulk(client, kMeta);
  bulk.upsert(filter, change);
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  return std::nullopt;
}

}  // namespace

StoreResult<SchemaState> read_schema_state(Client& client) {
  Bson filter;
  BsonWriter(filter).text("_id", kSchemaId);
  SchemaState state;
  auto failed = client.find({.collection = kMeta, .filter = filter, .projection = Bson(), .expected = 1},
                            [&state](const BsonFields& fields) {
                              state.version = static_cast<std::int32_t>(fields.integer("version").value_or(0));
                              state.folding_unicode = fields.text("folding_unicode").value_or("");
                            });
  if (failed) {
    return *std::move(failed);
  }
  return state;
}

StoreStatus migrate_schema(Client& client) {
  for (const char* name : {kRecords, kConflicts, kAccounts, kAgents, kMeta}) {
    if (auto failed = create_collection(client, name)) {
      return failed;
    }
  }
  TWINLOG_KILL_POINT("mongodb.collections_made");
  for (const Index& index : kIndexes) {
    if (auto failed = create_index(client, index)) {
      return failed;
    }
  }
  TWINLOG_KILL_POINT("mongodb.indexes_made");
  return write_version(client);
}

}  // namespace twinlog::mongodb
