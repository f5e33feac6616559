// What twinlog-bench measures; one function each. All print one line of JSON and end the program where they cannot.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/lines.h"

namespace twinlog::bench {

/// SENDERS threads send PER_SENDER events each, IN_FLIGHT at a time.
struct Shape {
  std::size_t senders = 0;
  std::size_t in_flight = 0;
  std::size_t per_sender = 0;
};

/// Through the agent's socket at `path`, waiting for every answer, all of which must be `stored`.
void measure_answers(const std::string& path, const Lines& lines, const Shape& shape);
/// Into a socket that never answers: one sender writes them all and waits until the peer has read them.
void measure_pouring(const std::string& path, const std::string& file);
/// Into a new RocksDB in `folder`, synced, IN_FLIGHT events a write batch; it groups the threads' batches by itself.
void measure_rocksdb(const std::string& folder, const Lines& lines, const Shape& shape);
/// Into a new spool in `folder`, `count` events in batches of kRowsPerBatch, and out again as a courier reads: the CPU
/// of both, an event, with the ledger's work or with that left out. {"events", "commit_cpu_us", "read_cpu_us"}
enum class LedgerWork : std::uint8_t { kDone, kLeftOut };
void measure_commits(const std::string& folder, const Lines& lines, std::size_t count, LedgerWork work);
/// 4 KiB and one fdatasync, `count` times, at the end of a new file in `folder`.
void measure_syncs(const std::string& folder, std::size_t count);

/// The least that writes `rows` events and their accounts' newest state into PostgreSQL.
void measure_postgres_pipeline(const std::string& uri, const Lines& lines, std::size_t rows);
/// Rows alone, without a conflict clause: what the table with its indexes takes.
void measure_postgres_bulk(const std::string& uri, const Lines& lines, std::size_t rows);
/// An unordered bulk insert with the store's own write concern, into a collection with the store's own indexes.
void measure_mongodb_bulk(const std::string& uri, const Lines& lines, std::size_t rows);

inline constexpr std::size_t kRowsPerBatch = 1000;

using Time = std::chrono::steady_clock::time_point;

/// How long something took, each time; merged from threads, sorted when printed.
using Waits = std::vector<std::chrono::nanoseconds>;

/// {"events", "began" (of CLOCK_MONOTONIC, seconds), "seconds", "per_second", and of waits "p50_us", "p99_us"}
void print_result(std::size_t events, Time began, Time ended, Waits waits = {});

}  // namespace twinlog::bench
