#include "spool/database_setup.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <limits>
#include <mutex>
#include <string_view>
#include <utility>

#include "spool/layout.h"
#include "spool/options_files.h"
#include "spool/private_files.h"

namespace twinlog {
namespace {

constexpr int kMostOpenFiles = 256;
constexpr double kBloomBitsPerKey = 10;
/// Of a memtable's bytes; an entry of `ids` takes some 80 bytes there, so this is ten bits a key.
constexpr double kMemtableBloomRatio = 1.0 / 64;
/// Bytes of one block: some dozens of events, so that a courier reads few and a lookup little.
constexpr std::size_t kBlockBytes = 16U << 10U;
/// Beyond this age a table file of `ids` is written anew, so that ids trimmed after a long outage do not stay in the
/// lowest level until new ones push them out.
constexpr std::uint64_t kIdTableSeconds = 3600;

}  // namespace

/// RocksDB's text log lies in the folder, and on a full volume writing to it ends a process whose RocksDB was built
/// with assertions, as Debian's is. Most of what matters comes back as a status; what a replay leaves out of a damaged
/// log does not.
class DamageLog final : public rocksdb::Logger {
 public:
  static constexpr std::size_t kLines = 16;
  static constexpr std::size_t kLineBytes = 400;

  DamageLog() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    std::array<char, kLineBytes> line{};
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL ||
        std::vsnprintf(line.data(), line.size(), format, arguments) < 0) {  // NOLINT: the interface is C's.
      return;
    }
    const std::string_view words = line.data();
    if (words.find("Corruption") == std::string_view::npos) {
      return;
    }
    const std::scoped_lock lock(mutex_);
    has_misread_table_ |= words.find("properties block") != std::string_view::npos;
    if (lines_.size() < kLines) {
      lines_.emplace_back(words);
    }
  }
  bool take_misread_table() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(has_misread_table_, false);
  }
  std::vector<std::string> take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  bool has_misread_table_ = false;
};

/// Hears from RocksDB's own threads what stopped them.
class BackgroundErrors final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status* status) override {
    if (status->IsCorruption()) {
      has_corrupt_table_ = true;
    }
  }
  bool has_corrupt_table() const { return has_corrupt_table_; }
  void suspect() { has_corrupt_table_ = true; }
  void clear() { has_corrupt_table_ = false; }

 private:
  std::atomic<bool> has_corrupt_table_ = false;
};

namespace {

std::unique_ptr<rocksdb::Env> env_of(const RocksSpoolSettings& settings) {
  rocksdb::Env& env = settings.env != nullptr ? *settings.env : *rocksdb::Env::Default();
  return make_private_env(env, without_options_files(env.GetFileSystem()));
}

bool has_lz4() {
  const std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  return std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
}

}  // namespace

DatabaseSetup::DatabaseSetup(const RocksSpoolSettings& settings)
    : path_(settings.path),
      env_(env_of(settings)),
      sizes_(sizes_for(settings)),
      compression_(settings.compression),
      events_filter_(make_events_filter(durable_first_kept_)),
      ids_filter_(make_ids_filter(durable_first_kept_)),
      statistics_(rocksdb::CreateDBStatistics()),
      background_errors_(std::make_shared<BackgroundErrors>()),
      damage_log_(std::make_shared<DamageLog>()) {
  // Memtables are charged to the cache, so its capacity is the sum: one number bounds both.
  rocksdb::LRUCacheOptions cache;
  cache.capacity = sizes_.block_cache + sizes_.all_write_buffers;
  cache.high_pri_pool_ratio = 0.5;  // Filters and indexes of `ids` stay while a courier reads a backlog through.
  cache_ = rocksdb::NewLRUCache(cache);
  write_buffers_ = std::make_shared<rocksdb::WriteBufferManager>(sizes_.all_write_buffers, cache_);
  statistics_->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
}

DatabaseSetup::~DatabaseSetup() = default;

void DatabaseSetup::tell(SpoolStats& stats) const {
  stats.syncs = statistics_->getTickerCount(rocksdb::WAL_FILE_SYNCED);
  stats.unreadable_ids = unreadable_ids_;
  stats.forgotten_ids = forgotten_ids_;
}

std::vector<std::string> DatabaseSetup::take_warnings() const {
  return damage_log_->take();
}

bool DatabaseSetup::take_misread_table() const {
  return damage_log_->take_misread_table();
}

bool DatabaseSetup::has_corrupt_table() const {
  return background_errors_->has_corrupt_table();
}

void DatabaseSetup::suspect_tables() const {
  background_errors_->suspect();
}

void DatabaseSetup::tables_are_whole() const {
  background_errors_->clear();
}

void DatabaseSetup::note_forgotten_ids() const {
  ++forgotten_ids_;
  background_errors_->clear();
}

rocksdb::DBOptions DatabaseSetup::database_options() const {
  rocksdb::DBOptions options;
  options.env = env_.get();
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.fail_if_options_file_error = false;  // There is none, see options_files.h.
  options.paranoid_checks = true;
  // A crash leaves a half-written tail of the newest log: replay stops there, which is where promises stopped too.
  // Absolute consistency would refuse to start for such a tail; skipping damaged records would let later ones survive
  // without earlier ones, a hole that no reader could see.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // A start writes what it replays to new table files and syncs those. After a failed sync the log's pages may be in
  // memory only although they read well; what we answer from then on must not lean on them.
  options.avoid_flush_during_recovery = false;
  options.max_total_wal_size = sizes_.all_logs;
  options.recycle_log_file_num = 0;
  options.allow_fallocate = false;  // Space taken ahead of need would not be seen in the sizes of files.
  options.write_buffer_manager = write_buffers_;
  options.max_open_files = kMostOpenFiles;
  // RocksDB starts this many threads for each family, however few tables it has: a start of an idle spool made 105.
  options.max_file_opening_threads = 1;
  options.max_background_jobs = 2;
  options.max_manifest_file_size = sizes_.manifest;
  options.info_log = damage_log_;
  options.statistics = statistics_;
  options.listeners = {background_errors_};
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;  // It reads every table file.
  return options;
}

rocksdb::ColumnFamilyOptions DatabaseSetup::family_options(std::shared_ptr<const rocksdb::FilterPolicy> filter) const {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache_;
  table.block_size = kBlockBytes;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.filter_policy = std::move(filter);
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = sizes_.write_buffer;
  options.max_write_buffer_number = 2;
  options.compression =
      compression_ == SpoolCompression::kLz4 && has_lz4() ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  options.level0_file_num_compaction_trigger = 2;
  options.periodic_compaction_seconds = 0;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> DatabaseSetup::families(Compactions of_ids) const {
  rocksdb::ColumnFamilyOptions meta = family_options(nullptr);
  meta.write_buffer_size = std::min<std::uint64_t>(sizes_.write_buffer, 1U << 20U);

  // New keys are always the highest, so tables never overlap: they move from level 0 to level 1 without being written
  // again, stay there, and a trim unlinks them whole (level 0 cannot be trimmed that way, hence the low trigger).
  rocksdb::ColumnFamilyOptions events = family_options(nullptr);
  events.num_levels = 2;
  events.max_bytes_for_level_base = std::numeric_limits<std::uint64_t>::max() / 1024;
  events.compaction_filter = events_filter_.get();

  rocksdb::ColumnFamilyOptions ids =
      family_options(std::shared_ptr<const rocksdb::FilterPolicy>(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey)));
  // Most ids that are looked for are new: the memtables, too, can say so without a search.
  ids.memtable_whole_key_filtering = true;
  ids.memtable_prefix_bloom_size_ratio = kMemtableBloomRatio;
  ids.target_file_size_base = sizes_.id_table;
  ids.max_bytes_for_level_base = sizes_.id_level;
  ids.periodic_compaction_seconds = kIdTableSeconds;
  ids.compaction_filter = ids_filter_.get();
  ids.disable_auto_compactions = of_ids == Compactions::kHeld;

  rocksdb::ColumnFamilyOptions letters = meta;
  letters.disable_auto_compactions = true;

  return {{rocksdb::kDefaultColumnFamilyName, meta},
          {std::string(kEventsFamily), events},
          {std::string(kIdsFamily), ids},
          {std::string(kLeavesFamily), events},
          {std::string(kDeadLettersFamily), letters}};
}

}  // namespace twinlog
