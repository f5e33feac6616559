// RocksDB's options for a spool, and what all openings of one spool share (a spool that met a disk error closes and
// opens its database again).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "spool/rocks_spool.h"
#include "spool/sizes.h"
#include "spool/trim_filter.h"

namespace rocksdb {
class Cache;
class Env;
class FilterPolicy;
class Statistics;
class WriteBufferManager;
struct ColumnFamilyDescriptor;
struct ColumnFamilyOptions;
struct DBOptions;
}  // namespace rocksdb

namespace twinlog {

/// Outlives every database opened with it. Safe for several threads.
class DatabaseSetup {
 public:
  explicit DatabaseSetup(const RocksSpoolSettings& settings);
  ~DatabaseSetup();
  DatabaseSetup(const DatabaseSetup&) = delete;
  DatabaseSetup& operator=(const DatabaseSetup&) = delete;

  const std::string& path() const { return path_; }
  rocksdb::Env& env() const { return *env_; }
  const SpoolSizes& sizes() const { return sizes_; }

  rocksdb::DBOptions database_options() const;
  /// In the order default, events, ids.
  std::vector<rocksdb::ColumnFamilyDescriptor> families() const;

  /// What the compaction filters may drop below. To be raised only when the new value is on stable storage.
  DurableFirstKept& durable_first_kept() { return durable_first_kept_; }
  /// RocksDB's count of write-ahead log syncs, over all openings.
  std::uint64_t log_syncs() const;

 private:
  /// `filter` may be null.
  rocksdb::ColumnFamilyOptions family_options(std::shared_ptr<const rocksdb::FilterPolicy> filter) const;

  std::string path_;
  std::unique_ptr<rocksdb::Env> env_;
  SpoolSizes sizes_;
  SpoolCompression compression_;
  DurableFirstKept durable_first_kept_ = 1;
  std::unique_ptr<const rocksdb::CompactionFilter> events_filter_;
  std::unique_ptr<const rocksdb::CompactionFilter> ids_filter_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
  std::shared_ptr<rocksdb::Statistics> statistics_;
};

}  // namespace twinlog
