#include <fcntl.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

#include "tests/bench/ways.h"

namespace twinlog::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSyncedBytes = 4096;

using Batches = std::vector<rocksdb::WriteBatch>;

Batches batches_of(const Lines& lines, const Shape& shape, std::size_t sender) {
  Batches batches;
  for (std::size_t number = 0; number < shape.per_sender; ++number) {
    if (number % shape.in_flight == 0) {
      batches.emplace_back();
    }
    const Ticket ticket{.sender = sender, .number = number};
    batches.back().Put(lines.log_id(ticket), lines.line(ticket));
  }
  return batches;
}

void write_to_rocksdb(rocksdb::DB& database, Batches& batches) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  for (rocksdb::WriteBatch& batch : batches) {
    if (!database.Write(synced, &batch).ok()) {
      give_up("RocksDB refused a write");
    }
  }
}

double microseconds(std::chrono::nanoseconds wait) {
  return std::chrono::duration<double, std::micro>(wait).count();
}

}  // namespace

void print_result(std::size_t events, Time began, Time ended, Waits waits) {
  const double seconds = std::chrono::duration<double>(ended - began).count();
  std::printf(R"({"events":%zu,"began":%.6f,"seconds":%.6f,"per_second":%.1f)", events,
              std::chrono::duration<double>(began.time_since_epoch()).count(), seconds,
              static_cast<double>(events) / seconds);
  if (!waits.empty()) {
    std::sort(waits.begin(), waits.end());
    std::printf(R"(,"p50_us":%.1f,"p99_us":%.1f)", microseconds(waits[waits.size() / 2]),
                microseconds(waits[waits.size() * 99 / 100]));
  }
  std::printf("}\n");
}

void measure_rocksdb(const std::string& folder, const Lines& lines, const Shape& shape) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.error_if_exists = true;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open(options, folder, &opened).ok()) {
    give_up("RocksDB cannot make a database in " + folder);
  }
  const std::unique_ptr<rocksdb::DB> database(opened);
  std::vector<Batches> batches;  // Made before the time begins, as the senders make their lines.
  for (std::size_t sender = 0; sender < shape.senders; ++sender) {
    batches.push_back(batches_of(lines, shape, sender));
  }
  const Time began = Clock::now();
  {
    std::vector<std::jthread> threads;
    threads.reserve(shape.senders);
    for (Batches& each : batches) {
      threads.emplace_back([&] { write_to_rocksdb(*database, each); });
    }
  }
  print_result(shape.senders * shape.per_sender, began, Clock::now());
}

void measure_syncs(const std::string& folder, std::size_t count) {
  const std::string path = folder + "/syncs";
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) {
    give_up("no file can be made in " + folder);
  }
  const std::string bytes(kSyncedBytes, 'x');
  Waits waits;
  const Time began = Clock::now();
  for (std::size_t number = 0; number < count; ++number) {
    const Time before = Clock::now();
    if (write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) || fdatasync(file) != 0) {
      give_up("the disk refused a write in " + folder);
    }
    waits.push_back(Clock::now() - before);
  }
  const Time ended = Clock::now();
  close(file);
  unlink(path.c_str());
  print_result(count, began, ended, std::move(waits));
}

}  // namespace twinlog::bench
