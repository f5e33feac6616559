// The parts of the benchmark that must be fast themselves; tests/bench/run calls them and makes the table.
#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/ways.h"

namespace twinlog::bench {
namespace {

constexpr const char* kUsage =
    R"(twinlog-bench: one measurement, printed as one line of JSON. tests/bench/run makes the table.

  twinlog-bench answers SOCKET EVENTS RUN SENDERS IN_FLIGHT PER_SENDER   durable answers of a running agent
  twinlog-bench rocksdb FOLDER EVENTS RUN SENDERS IN_FLIGHT PER_SENDER   bare RocksDB, group commit of the same bytes
  twinlog-bench pipeline POSTGRES_URI EVENTS RUN ROWS                    raw pipeline: rows, accounts, commit
  twinlog-bench postgres-bulk POSTGRES_URI EVENTS RUN ROWS               bare bulk insert of the same rows
  twinlog-bench mongodb-bulk MONGODB_URI EVENTS RUN ROWS                 bare bulk insert of the same documents
  twinlog-bench pour SOCKET FILE                                         a file into a socket that never answers
  twinlog-bench commits FOLDER EVENTS RUN COUNT with|without             CPU of a spool an event, with or without ledger
  twinlog-bench lines EVENTS RUN COUNT                                   the events themselves, to standard output
  twinlog-bench syncs FOLDER COUNT                                       4 KiB and fdatasync

EVENTS is a file of events, each beginning with its log_id. They are sent over and over with new ids, which depend on
RUN alone (milliseconds since 1970): give each run another one.
)";

using Words = std::vector<std::string>;

struct Way {
  const char* name;
  std::size_t words;  ///< That follow the name.
  std::function<void(const Words&)> measure;
};

Shape shape_of(const Words& words) {
  return {.senders = std::stoul(words[3]), .in_flight = std::stoul(words[4]), .per_sender = std::stoul(words[5])};
}

Lines lines_of(const Words& words, std::size_t at) {
  return {words[at], std::stoull(words[at + 1])};
}

void print_lines(const Words& words) {
  const Lines lines = lines_of(words, 0);
  const std::size_t count = std::stoul(words[2]);
  for (std::size_t number = 0; number < count; ++number) {
    std::fputs(lines.line({.sender = 0, .number = number}).c_str(), stdout);
  }
}

void commits(const Words& words) {
  if (words[4] != "with" && words[4] != "without") {
    give_up("with or without the ledger's work");
  }
  measure_commits(words[0], lines_of(words, 1), std::stoul(words[3]),
                  words[4] == "with" ? LedgerWork::kDone : LedgerWork::kLeftOut);
}

const std::array<Way, 9>& ways() {
  static const std::array<Way, 9> all = {{
      {"answers", 6, [](const Words& w) { measure_answers(w[0], lines_of(w, 1), shape_of(w)); }},
      {"rocksdb", 6, [](const Words& w) { measure_rocksdb(w[0], lines_of(w, 1), shape_of(w)); }},
      {"pipeline", 4, [](const Words& w) { measure_postgres_pipeline(w[0], lines_of(w, 1), std::stoul(w[3])); }},
      {"postgres-bulk", 4, [](const Words& w) { measure_postgres_bulk(w[0], lines_of(w, 1), std::stoul(w[3])); }},
      {"mongodb-bulk", 4, [](const Words& w) { measure_mongodb_bulk(w[0], lines_of(w, 1), std::stoul(w[3])); }},
      {"pour", 2, [](const Words& w) { measure_pouring(w[0], w[1]); }},
      {"commits", 5, commits},
      {"lines", 3, print_lines},
      {"syncs", 2, [](const Words& w) { measure_syncs(w[0], std::stoul(w[1])); }},
  }};
  return all;
}

int run(const Words& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    std::fputs(kUsage, words.empty() ? stderr : stdout);
    return words.empty() ? 2 : 0;
  }
  const auto way = std::find_if(ways().begin(), ways().end(), [&](const Way& each) { return each.name == words[0]; });
  if (way == ways().end() || words.size() != way->words + 1) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  try {
    way->measure(Words(words.begin() + 1, words.end()));
  } catch (const std::logic_error& error) {
    give_up("a number was expected among the words after " + words[0]);
  }
  return 0;
}

}  // namespace
}  // namespace twinlog::bench

int main(int argc, char** argv) {
  return twinlog::bench::run({argv + 1, argv + argc});
}
