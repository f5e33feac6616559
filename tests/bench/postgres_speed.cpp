// How fast a full flush (records, accounts, position) is beside a bare insert of rows of the same kind into the same
// table, on a private PostgreSQL. Both encode their rows within the time that is measured.
//
//   postgres_speed EVENTS.ndjson
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <variant>

#include "plugins/postgres/columns.h"
#include "plugins/postgres/connection.h"
#include "plugins/postgres/postgres_store.h"
#include "tests/bench/pairs.h"
#include "tests/bench/workload.h"
#include "tests/support/live_server.h"

namespace twinlog::bench {
namespace {

constexpr std::chrono::milliseconds kLimit{60'000};

[[noreturn]] void give_up(const char* words) {
  std::fprintf(stderr, "postgres_speed: %s\n", words);
  std::exit(1);
}

template <typename T>
T value_of(StoreResult<T> result) {
  if (const auto* error = std::get_if<StoreError>(&result)) {
    give_up(error->words.c_str());
  }
  return std::get<T>(std::move(result));
}

void bare_insert(postgres::Connection& session, const std::vector<Version>& versions) {
  static const std::string sql = postgres::insert_head("auth_logs");
  std::vector<const Version*> pointers;
  std::transform(versions.begin(), versions.end(), std::back_inserter(pointers), [](const Version& v) { return &v; });
  const postgres::Statement statements[] = {{"BEGIN", {}}, {sql, postgres::column_arrays(pointers)}, {"COMMIT", {}}};
  value_of(session.run(statements, kLimit));
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
  const testing::LiveServer server("postgres");
  const SystemClock clock;
  StoreSettings settings;
  settings.uri = Secret::literal(server.uri());
  const auto store = make_postgres_store({.store = settings, .epoch_id = {}, .agent = "speed"}, clock);
  value_of(store->connect());
  const auto session = value_of(postgres::Connection::open(settings, clock));
  Workload workload(events, accounts);
  measure({.name = name,
           .next_batch = [&workload] { return workload.next_batch(); },
           .full = [&store](const std::vector<Version>& versions) { flush(*store, versions); },
           .bare = [&session](const std::vector<Version>& versions) { bare_insert(*session, versions); }},
          clock);
}

}  // namespace
}  // namespace twinlog::bench

int main(int argc, char** argv) {
  using twinlog::bench::Accounts;
  if (argc != 2) {
    std::fprintf(stderr, "postgres_speed EVENTS.ndjson\n");
    return 2;
  }
  twinlog::bench::print_head();
  twinlog::bench::measure_workload(argv[1], Accounts::kAsInFile, "postgres: accounts as in the file");
  twinlog::bench::measure_workload(argv[1], Accounts::kMany, "postgres: 600 accounts");
  return 0;
}
