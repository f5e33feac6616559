#include <memory>

#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/document.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/names.h"
#include "tests/bench/rows.h"
#include "tests/bench/ways.h"

namespace twinlog::bench {
namespace {

using namespace mongodb;

template <typename T>
T value_of(StoreResult<T> result) {
  if (!result) {
    give_up(result.error().words);
  }
  return *std::move(result);
}

void insert(Client& client, const std::vector<Version>& versions) {
  Bulk bulk(client, kRecords);
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

}  // namespace

void measure_mongodb_bulk(const std::string& uri, const Lines& lines, std::size_t rows) {
  const SystemClock clock;
  SystemRandom random;
  Wakeup pauses;
  StoreSettings settings;
  settings.uri = Secret::literal(uri);
  const auto store = make_mongodb_store({.store = settings, .agent = "bench"}, clock, random, pauses);
  value_of(store->connect({}));  // Makes the agent's collections and indexes.
  store->disconnect();
  const auto client = value_of(Client::connect(settings));
  const auto batches = batches_of(lines, rows);
  Waits waits;
  const Time began = clock.steady_now();
  for (const std::vector<Version>& batch : batches) {
    const Time before = clock.steady_now();
    insert(*client, batch);
    waits.push_back(clock.steady_now() - before);
  }
  print_result(rows, began, clock.steady_now(), std::move(waits));
}

}  // namespace twinlog::bench
