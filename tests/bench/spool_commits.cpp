#include <time.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "ledger/base/clock.h"
#include "ledger/base/uuid.h"
#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/leaf.h"
#include "ledger/tree/frontier.h"
#include "ledger/tree/merkle.h"
#include "spool/record_keys.h"
#include "spool/rocks_spool.h"
#include "tests/bench/rows.h"
#include "tests/bench/ways.h"

namespace twinlog::bench {
namespace {

constexpr std::size_t kBatchBytes = 8U << 20U;

/// Microseconds of CPU of all threads of this process.
double cpu_microseconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

void begin_epoch(Spool& spool, const Uuid& id) {
  const auto open = [&id](const TreeState& /*tree*/, UtcMicros accept_at) {
    OpenLeaf leaf;
    leaf.origin = "twinlog/bench";
    leaf.agent = "{}";
    return encode_leaf({id, 0, accept_at}, leaf);
  };
  const auto begun = spool.begin_epoch(
      {.id = id, .origin = "twinlog/bench", .open = open, .note = [](const Digest& root) { return hex(root); }},
      SystemClock().utc_now());
  if (!begun) {
    give_up(begun.error().message());
  }
}

void commit_all(Spool& spool, const std::vector<AcceptedEvent>& events) {
  for (std::size_t first = 0; first < events.size(); first += kRowsPerBatch) {
    const std::size_t count = std::min(kRowsPerBatch, events.size() - first);
    const CommitRequest request{.events = std::span(events).subspan(first, count)};
    const auto answers = spool.commit(std::span(&request, 1), SystemClock().utc_now());
    if (!answers) {
      give_up(answers.error().message());
    }
    for (const Disposition answer : answers->front()) {
      if (answer != Disposition::kStored) {
        give_up("an event was not stored");
      }
    }
  }
}

/// As a courier reads; how many events there were.
std::size_t read_all(const Spool& spool) {
  std::size_t events = 0;
  std::uint64_t after = 0;
  for (;;) {
    const auto batch = spool.read_batch(after, kRowsPerBatch, kBatchBytes);
    if (!batch) {
      give_up(batch.error().message());
    }
    if (batch->last_number == 0) {
      return events;
    }
    events += batch->versions.size();
    after = batch->last_number;
  }
}

/// What the format asks for an event, without a spool: key, salts, commitments, leaf and node.
void hash_all(const std::vector<AcceptedEvent>& events, Random& random) {
  RecordKeys keys(random);
  Frontier frontier;
  Version version;
  for (const AcceptedEvent& each : events) {
    version.event = each.event;
    version.ledger = LedgerPlace{frontier.size(), keys.draw()};
    version.leaf_index = frontier.size();
    frontier.append(leaf_hash(event_leaf(version)));
  }
  if (frontier.root() == empty_root()) {
    give_up("there were no events");
  }
}

}  // namespace

void measure_commits(const std::string& folder, const Lines& lines, std::size_t count, LedgerWork work) {
  const std::vector<AcceptedEvent> events = accepted_events(lines, count);
  SystemRandom random;
  const SystemClock clock;
  std::filesystem::remove_all(folder);
  auto spool = open_rocks_spool({.path = folder, .agent = "bench"}, random, clock);
  if (!spool) {
    give_up(spool.error().message());
  }
  if (work == LedgerWork::kDone) {
    begin_epoch(**spool, uuid_v7(clock.utc_now(), random));
  }
  const double began = cpu_microseconds();
  commit_all(**spool, events);
  const double committed = cpu_microseconds();
  const std::size_t read = read_all(**spool);
  const double ended = cpu_microseconds();
  if (read != count) {
    give_up("not every event was read");
  }
  hash_all(events, random);
  const double hashed = cpu_microseconds();
  const auto per_event = [count](double microseconds) { return microseconds / static_cast<double>(count); };
  std::printf(R"({"events":%zu,"commit_cpu_us":%.3f,"read_cpu_us":%.3f,"hashes_cpu_us":%.3f})"
              "\n",
              count, per_event(committed - began), per_event(ended - committed), per_event(hashed - ended));
  (*spool)->close();
  std::filesystem::remove_all(folder);
}

}  // namespace twinlog::bench
