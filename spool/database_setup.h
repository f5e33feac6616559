// RocksDB's options for a spool, and what all openings of one spool share (a spool that met a disk error closes and
// opens its database again).
#pragma once

#include <atomic>
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

class BackgroundErrors;
class DamageLog;

enum class Compactions : std::uint8_t { kRun, kHeld };

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
  /// In the order default, events, ids, which are those of format 1, then leaves, dead_letters. Compactions of the
  /// last are held until an opening has looked at the letters (Database::let_letters_compact()).
  std::vector<rocksdb::ColumnFamilyDescriptor> families(Compactions of_ids) const;
  static constexpr std::size_t kFamiliesOfFormat1 = 3;
  static constexpr std::size_t kIdsPlace = 2;
  static constexpr std::size_t kLeavesPlace = 3;
  static constexpr std::size_t kLettersPlace = 4;

  /// What the compaction filters may drop below. To be raised only when the new value is on stable storage.
  DurableFirstKept& durable_first_kept() { return durable_first_kept_; }
  /// Over all openings: syncs of the write-ahead log, and what ailed the memory of ids.
  void tell(SpoolStats& stats) const;
  /// What RocksDB has said of damage since the last call, for a log: names of files and places in them.
  std::vector<std::string> take_warnings() const;

  /// Whether a flush or compaction met a damaged table, until tables_are_whole() or the memory of ids was begun anew.
  bool has_corrupt_table() const;
  /// Whether RocksDB could not read a table's properties since the last call: it goes on without them, and takes the
  /// table's index for one of another form, so that events seem not to be there until the table is opened again.
  bool take_misread_table() const;
  /// As if one had: the next opening looks at the memory of ids first.
  void suspect_tables() const;
  void tables_are_whole() const;
  void note_unreadable_id() const { ++unreadable_ids_; }
  void note_forgotten_ids() const;

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
  std::shared_ptr<BackgroundErrors> background_errors_;
  std::shared_ptr<DamageLog> damage_log_;
  mutable std::atomic<std::uint64_t> unreadable_ids_ = 0;
  mutable std::atomic<std::uint64_t> forgotten_ids_ = 0;
};

}  // namespace twinlog
