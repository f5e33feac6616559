#include "tests/mongodb/rig.h"

#include <atomic>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/position.h"
#include "plugins/mongodb/versions.h"
#include "tests/lockout/plain_fold.h"
#include "tests/lockout/show_account.h"
#include "tests/support/live_server.h"

namespace twinlog::testing {

using namespace mongodb;

namespace {

std::uint16_t port_of(const LiveServer& server) {
  const std::string& uri = server.uri();
  return static_cast<std::uint16_t>(std::atoi(uri.c_str() + uri.rfind(':') + 1));
}

template <typename T>
T value_of(StoreResult<T> result) {
  if (!result) {
    const StoreError& error = result.error();
    ADD_FAILURE() << reaction_text(error.reaction) << " " << error.code << ": " << error.words;
    return T{};
  }
  return *std::move(result);
}

}  // namespace

std::uint16_t java_server_port() {
  static const LiveServer server("mongo-java-server");
  return port_of(server);
}

std::uint16_t ferretdb_port() {
  static const LiveServer server("ferretdb");
  return port_of(server);
}

std::string fresh_database() {
  static std::atomic<unsigned> number = 0;
  return "test_" + std::to_string(++number);
}

StoreSettings settings_for(std::uint16_t port, const std::string& database) {
  StoreSettings settings;
  settings.uri = Secret::literal("mongodb://127.0.0.1:" + std::to_string(port) + "/" + database);
  return settings;
}

TestAgent::TestAgent(const StoreSettings& settings, std::uint16_t epoch) : TestAgent(settings, epoch, kept_pauses_) {}

TestAgent::TestAgent(const StoreSettings& settings, std::uint16_t epoch, Wait& pauses)
    : settings_(settings), random_(epoch), pauses_(pauses) {
  epoch_id_.fill(static_cast<std::uint8_t>(epoch));
  epoch_id_[0] = static_cast<std::uint8_t>(epoch >> 8U | (epoch < 256 ? epoch : 0U));
  restart();
}

void TestAgent::restart() {
  store_ = make_mongodb_store({.store = settings_, .agent = "agent"}, clock_, random_, pauses_);
  value_of(connect());
}

StoreResult<std::optional<AgentPosition>> TestAgent::connect() {
  auto positions = store_->connect({&epoch_id_, 1});
  if (!positions) {
    return std::move(positions).error();
  }
  return positions->front();
}

std::vector<Version> TestAgent::accept(std::vector<Version> versions) {
  for (Version& version : versions) {
    version.epoch_id = epoch_id_;
    version.leaf_index = ++last_leaf_;
    version.agent = "agent";
  }
  return versions;
}

StoreResult<FlushReport> TestAgent::flush(std::span<const Version> versions) {
  const UtcMicros now = clock_.utc_now();
  return store_->flush({.epoch_id = epoch_id_,
                        .versions = versions,
                        .position = {.last_leaf = versions.back().leaf_index,
                                     .flushed_at = now,
                                     .newest_effective_at = versions.back().effective_at}});
}

StoreResult<FlushReport> TestAgent::replay(std::span<const Version> versions) {
  return store_->flush({.epoch_id = epoch_id_, .versions = versions, .position = {}, .is_replay = true});
}

FlushReport report_of(const StoreResult<FlushReport>& result) {
  return value_of(result);
}

StoreError error_of(const StoreResult<FlushReport>& result) {
  if (!result) {
    return result.error();
  }
  ADD_FAILURE() << "the flush succeeded";
  return {};
}

std::vector<EventKey> keys_of(std::span<const Version> versions) {
  std::set<EventKey> keys;
  for (const Version& version : versions) {
    keys.insert({version.event.tenant_id, version.event.log_id});
  }
  return {keys.begin(), keys.end()};
}

std::vector<StoredVersion> read_records(const StoreSettings& settings, std::span<const EventKey> keys) {
  return value_of(make_mongodb_reader(settings)->records(keys));
}

std::vector<StoredVersion> read_conflicts(const StoreSettings& settings, std::span<const EventKey> keys) {
  return value_of(make_mongodb_reader(settings)->conflicts(keys));
}

ShownAccount read_account(const StoreSettings& settings, const AccountKey& key) {
  const auto account = value_of(make_mongodb_reader(settings)->account(key));
  if (!account) {
    ADD_FAILURE() << "no account " << key.account;
    return {};
  }
  return *account;
}

void insert_record_only(const StoreSettings& settings, const Version& version) {
  const auto client = value_of(Client::connect(settings));
  const Version* versions[] = {&version};
  const auto stored = value_of(store_versions(*client, Shelf::kRecords, {versions}));
  EXPECT_TRUE(stored.size() == 1 && stored[0].place == Place::kInserted);
}

std::set<Uuid> marks_of(const StoreSettings& settings, const AccountKey& key) {
  const auto client = value_of(Client::connect(settings));
  Bson filter;
  BsonWriter(filter).text("_id", account_id(key));
  std::set<Uuid> epochs;
  const auto failed = client->find({.collection = kAccounts, .filter = filter, .projection = Bson(), .expected = 1},
                                   [&epochs](const BsonFields& fields) {
                                     const auto account = account_from(fields);
                                     for (const auto& [epoch_id, mark] : account.value().state.marks) {
                                       epochs.insert(epoch_id);
                                     }
                                   });
  EXPECT_FALSE(failed.has_value());
  return epochs;
}

std::size_t state_bytes(const StoreSettings& settings, const AccountKey& key) {
  const auto client = value_of(Client::connect(settings));
  Bson filter;
  BsonWriter(filter).text("_id", account_id(key));
  std::size_t bytes = 0;
  const auto failed =
      client->find({.collection = kAccounts, .filter = filter, .projection = Bson(), .expected = 1},
                   [&bytes](const BsonFields& fields) { bytes = fields.binary("fold_state").value_or("").size(); });
  EXPECT_FALSE(failed.has_value());
  return bytes;
}

void remove(const StoreSettings& settings, const char* collection, const std::string& id) {
  const auto client = value_of(Client::connect(settings));
  Bson command;
  BsonWriter writer(command);
  writer.text("delete", collection).begin_array("deletes").begin_document("0").begin_document("q");
  if (!id.empty()) {
    writer.text("_id", id);
  }
  writer.end().int32("limit", 0).end().end();
  EXPECT_TRUE(client->command(command));
}

void update_all(const StoreSettings& settings, const char* collection, const std::string& change_json) {
  const auto client = value_of(Client::connect(settings));
  bson_t* const change = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(change_json.data()),
                                            static_cast<ssize_t>(change_json.size()), nullptr);
  Bson command;
  BsonWriter writer(command);
  Bson copy;
  bson_concat(copy.get(), change);
  bson_destroy(change);
  writer.text("update", collection).begin_array("updates").begin_document("0").begin_document("q").end();
  writer.document("u", copy).boolean("multi", true).end().end();
  EXPECT_TRUE(client->command(command));
}

void create_unique_index(const StoreSettings& settings, const char* collection, const char* field) {
  Bson command;
  BsonWriter writer(command);
  writer.text("createIndexes", collection).begin_array("indexes").begin_document("0");
  writer.begin_document("key").int32(field, 1).end().text("name", field).boolean("unique", true).end().end();
  EXPECT_TRUE(value_of(Client::connect(settings))->command(command));
}

void drop_index(const StoreSettings& settings, const char* collection, const char* name) {
  Bson command;
  BsonWriter(command).text("dropIndexes", collection).text("index", name);
  EXPECT_TRUE(value_of(Client::connect(settings))->command(command));
}

void remove_line(const StoreSettings& settings, const Uuid& epoch_id) {
  remove(settings, kAgents, uuid_text(epoch_id));
}

std::set<Uuid> read_leftover_epochs(const StoreSettings& settings) {
  const auto client = value_of(Client::connect(settings));
  std::set<Uuid> epochs;
  for (const auto& [epoch_id, line] : value_of(read_unfinished_lines(*client, 1000))) {
    epochs.insert(epoch_id);
  }
  return epochs;
}

std::vector<Version> stored_of(const StoreSettings& settings, std::span<const Version> versions) {
  std::vector<Version> stored;
  const auto keys = keys_of(versions);
  for (const auto& found : {read_records(settings, keys), read_conflicts(settings, keys)}) {
    for (const StoredVersion& one : found) {
      stored.push_back(one.version);
    }
  }
  return stored;
}

/// A store has an account for exactly the accounts that the versions speak to.
std::size_t count_accounts(const StoreSettings& settings) {
  const auto client = value_of(Client::connect(settings));
  std::size_t count = 0;
  const Bson all;
  const auto failed = client->find({.collection = kAccounts, .filter = all, .projection = Bson(), .expected = 10'000},
                                   [&count](const BsonFields&) { ++count; });
  EXPECT_FALSE(failed.has_value());
  return count;
}

void expect_fold(const StoreSettings& settings, std::span<const Version> versions) {
  std::map<std::tuple<std::string, std::string, Digest>, const Version*> distinct;
  for (const Version& version : versions) {
    distinct[{version.event.tenant_id, version.event.log_id, version.content_hash}] = &version;
  }
  std::vector<const Version*> once;
  once.reserve(distinct.size());
  for (const auto& [key, version] : distinct) {
    once.push_back(version);
  }
  Coverage coverage;
  const auto accounts = plain_fold_all(once, coverage);
  EXPECT_EQ(count_accounts(settings), accounts.size());
  for (const auto& [key, expected] : accounts) {
    EXPECT_EQ(read_account(settings, {key.first, key.second}), expected) << key.first << " " << key.second;
  }
}

}  // namespace twinlog::testing
