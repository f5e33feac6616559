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
constexpr auto kAllCollections = std::to_array<const char*>(
    {kRecords, kConflicts, kAccounts, kAgents, kMeta, kLedgerEpochs, kLedgerTiles, kLedgerLeaves, kLedgerCheckpoints});

struct Index {
  const char* collection;
  const char* name;
  std::array<const char*, 3> fields;  ///< Null where there are fewer.
  bool is_unique = false;
};

/// The questions that people ask, and the recount; each further index on auth_logs costs about 30 % of write speed.
constexpr Index kIndexes[] = {
    {kRecords, "tenant_time", {"tenant_id", "occurred_at"}},
    {kRecords, "tenant_account_time", {"tenant_id", "account", "occurred_at"}},
    {kRecords, "tenant_ip_time", {"tenant_id", "ip", "occurred_at"}},
    {kConflicts, "tenant_account_time", {"tenant_id", "account", "occurred_at"}},
    {kAgents, "unfinished", {"is_unfinished"}},
    {kLedgerCheckpoints, "by_acceptance", {"accepted_at"}},
};

/// Exactly the fields of the guard of accounts.cpp. mongod serves it by _id, and this index would only be one more to
/// write; a server that serves a filter from nothing but an index over the same fields would read all accounts for each
/// replacement. Such servers make no other than unique ones.
constexpr Index kGuard = {kAccounts, "guard_by_tenant", {"_id", "tenant_id", "version"}, true};
/// What it was before: on every server, and in the way of sharding accounts by tenant.
constexpr const char* kFormerGuard = "guard";

StoreStatus create_collection(Client& client, const char* name) {
  Bson command;
  BsonWriter(command).text("create", name);
  auto created = client.command(command);
  if (created || created.error().code == kNamespaceExists) {
    return std::nullopt;
  }
  return std::move(created).error();
}

std::string words_of(const Index& index) {
  return std::string("the index ") + index.name + " of " + index.collection;
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
  if (created) {
    return std::nullopt;
  }
  StoreError& failed = created.error();
  if (!failed.code.empty()) {  // A server's answer, not a connection that broke.
    failed.words = words_of(index) + " was not made: " + failed.words;
  }
  return std::move(failed);
}

/// Every mongod since 4.4 tells its topologyVersion, and a router says what it is.
bool is_stand_in(Client& client) {
  Bson question;
  BsonWriter(question).int32("isMaster", 1);
  const auto answer = client.command(question);
  return answer && !BsonFields(*answer).find("topologyVersion") && BsonFields(*answer).text("msg") != "isdbgrid";
}

/// Nothing depends on the guard's index but the speed of stand-ins, so a refusal is said and no more.
void bring_up_guard(Client& client, std::vector<CheckLine>& lines) {
  Bson former;
  BsonWriter(former).text("dropIndexes", kAccounts).text("index", kFormerGuard);
  static_cast<void>(client.command(former));  // Most servers never had it.
  if (!is_stand_in(client)) {
    return;
  }
  if (const auto failed = create_index(client, kGuard)) {
    lines.push_back(problem(words_of(kGuard) + " was refused (code " + failed->code +
                            "); everything works without it, but writing accounts may be slow here"));
  }
}

/// The version of Unicode stays that of the first agent: names are compared with what lies here already.
StoreStatus write_version(Client& client) {
  Bson filter;
  BsonWriter(filter).text("_id", kSchemaId);
  Bson change;
  BsonWriter writer(change);
  writer.begin_document("$max").int32("version", kSchemaVersion).end();
  writer.begin_document("$setOnInsert").text("folding_unicode", folding_unicode_version()).end();
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

std::optional<std::string> unicode_mismatch(const SchemaState& state) {
  if (state.folding_unicode.empty() || state.folding_unicode == folding_unicode_version()) {
    return std::nullopt;
  }
  return "the accounts of this database were named by Unicode " + state.folding_unicode +
         " and this agent names them by " + folding_unicode_version() +
         ": a rare user name may have two; bring all agents to one version, then set folding_unicode in twinlog_meta";
}

StoreResult<std::vector<CheckLine>> migrate_schema(Client& client) {
  for (const char* name : kAllCollections) {
    if (auto failed = create_collection(client, name)) {
      return *std::move(failed);
    }
  }
  TWINLOG_KILL_POINT("mongodb.collections_made");
  for (const Index& index : kIndexes) {
    if (auto failed = create_index(client, index)) {
      return *std::move(failed);
    }
  }
  std::vector<CheckLine> lines = {fine("created the collections " + std::string(kRecords) + ", " + kConflicts + ", " +
                                       kAccounts + ", " + kAgents + ", " + kMeta + ", " + kLedgerEpochs + ", " +
                                       kLedgerTiles + ", " + kLedgerLeaves + ", " + kLedgerCheckpoints +
                                       " and their indexes; schema version " + std::to_string(kSchemaVersion))};
  bring_up_guard(client, lines);
  TWINLOG_KILL_POINT("mongodb.indexes_made");
  if (auto failed = write_version(client)) {
    return *std::move(failed);
  }
  return lines;
}

}  // namespace twinlog::mongodb
