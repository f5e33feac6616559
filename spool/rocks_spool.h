// The Spool on RocksDB. RocksDB's headers stay inside this folder's .cpp files.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "ledger/base/clock.h"
#include "spool/spool.h"

namespace rocksdb {
class Env;
}

namespace twinlog {

enum class SpoolCompression : std::uint8_t { kNone, kLz4 };

struct RocksSpoolSettings {
  std::string path;
  std::string agent;                      ///< Kept as `agent` of every version accepted.
  std::uint64_t max_bytes = 2ULL << 30U;  ///< What the folder may take, logs of the database included.
  std::chrono::milliseconds keep_delivered = std::chrono::minutes{15};
  std::uint64_t dead_letters_max = 200U << 20U;                           ///< What dead letters may take of it.
  std::vector<StoreId> stores = {StoreId::kPostgres, StoreId::kMongodb};  ///< Whose cursors hold the trimming.
  std::size_t block_cache_bytes = 16U << 20U;
  std::size_t write_buffer_bytes = 8U << 20U;  ///< Per memtable; see FORMAT for how many there can be.
  SpoolCompression compression = SpoolCompression::kLz4;
  rocksdb::Env* env = nullptr;  ///< Null: the real file system. Tests pass a faulty one.
};

/// Opens the spool in `settings.path`, creating folder (0700) and spool where they are missing. `random` draws the
/// identity of a new one; `clock` gives its UUIDv7 time. Errors: kRefused (rights, another process has it open, a newer
/// format: both versions are named), kCorrupt, kTransient (I/O).
Result<std::unique_ptr<Spool>> open_rocks_spool(const RocksSpoolSettings& settings, Random& random, const Clock& clock);

}  // namespace twinlog
