// How fast a full flush (records, accounts, position) is beside a bare unordered bulk insert of documents of the same
// kind, with the same write concern, into a collection with the same indexes, on a private mongo-java-server.
//
//   mongodb_speed EVENTS.ndjson
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <variant>

#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/document.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/names.h"
#include "tests/bench/pairs.h"
#include "tests/bench/workload.h"
#include "tests/support/live_server.h"

namespace twinlog::bench {
namespace {

constexpr const char* kBareCollection = "bare";

[[noreturn]] void give_up(const char* words) {
  std::fprintf(stderr, "mongodb_speed: %s\n", words);
  std::exit(1);
}

template <typename T>
T value_of(StoreResult<T> result) {
  if (const auto* error = std::get_if<StoreError>(&result)) {
    give_up(error->words.c_str());
  }
  return std::get<T>(std::move(result));
}

/// Whatever indexes the store has made on its records.
void copy_indexes(Client& client) {
  Bson command;
  BsonWriter writer(command);
  writer.text("createIndexes", kBareCollection).begin_array("indexes");
  const Collection records = client.collection(kRecords);
  const std::unique_ptr<mongoc_cursor_t, decltype(&mongoc_cursor_destroy)> indexes(
      mongoc_collection_find_indexes_with_opts(records.get(), nullptr), &mongoc_cursor_destroy);
  const bson_t* index = nullptr;
  int count = 0;
  while (mongoc_cursor_next(indexes.get(), &index)) {
    const auto name = BsonFields(*index).text("name").value_or("");
    const auto key = BsonFields(*index).find("key");
    bson_iter_t field;
    if (name == "_id_" || !key || !bson_iter_recurse(&key->iter, &field)) {
      continue;
    }
    writer.begin_document(std::to_string(count++)).begin_document("key");
    while (bson_iter_next(&field)) {
      writer.int32(bson_iter_key(&field), 1);
    }
    writer.end().text("name", name).end();
  }
  writer.end();
  if (count == 0) {
    give_up("the store made no indexes");
  }
  value_of(client.command(command));
}

void bare_insert(Client& client, const std::vector<Version>& versions) {
  Bulk bulk(client, kBareCollection);
  for (const Version& version : versions) {
    const Result<Bson> document = version_document(Shelf::kRecords, version);
    if (!document) {
      give_up("a version cannot be a document");
    }
    bulk.insert(*document);
  }
  if (!value_of(bulk.execute()).duplicates.empty()) {
    give_up("the bare insert met documents that were there already");
  }
}

void flush(Store& store, const std::vector<Version>& versions) {
  const FlushReport report = value_of(store.flush({.versions = versions,
                                                   .position = {.last_leaf = versions.back().leaf_index,
                                                                .flushed_at = versions.back().received_at,
                                                                .newest_effective_at = versions.back().effective_at}}));
  if (report.inserted != versions.size()) {
    give_up("the flush met records that were there already");
  }
}

void measure_workload(const std::string& events, Accounts accounts, const char* name) {
  const testing::LiveServer server("mongo-java-server");
  const SystemClock clock;
  SystemRandom random;
  StoreSettings settings;
  settings.uri = Secret::literal(server.uri());
  const auto store = make_mongodb_store({.store = settings, .epoch_id = {}, .agent = "speed"}, clock, random);
  value_of(store->connect());
  const auto client = value_of(Client::connect(settings));
  copy_indexes(*client);
  Workload workload(events, accounts);
  measure({.name = name,
           .next_batch = [&workload] { return workload.next_batch(); },
           .full = [&store](const std::vector<Version>& versions) { flush(*store, versions); },
           .bare = [&client](const std::vector<Version>& versions) { bare_insert(*client, versions); }},
          clock);
}

}  // namespace
}  // namespace twinlog::bench

int main(int argc, char** argv) {
  using twinlog::bench::Accounts;
  if (argc != 2) {
    std::fprintf(stderr, "mongodb_speed EVENTS.ndjson\n");
    return 2;
  }
  twinlog::bench::print_head();
  twinlog::bench::measure_workload(argv[1], Accounts::kAsInFile, "mongodb: accounts as in the file");
  twinlog::bench::measure_workload(argv[1], Accounts::kMany, "mongodb: 600 accounts");
  return 0;
}
