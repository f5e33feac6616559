// One opening of a spool's RocksDB database: its column families, its meta keys, its folder.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/base/result.h"
#include "spool/database_setup.h"
#include "spool/spool.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Iterator;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace twinlog {

/// What a failed RocksDB call means to us. The status's text names files and system errors, never keys or values
/// (RocksDB's allow_data_in_errors is off).
Error database_error(std::string_view what, const std::string& path, const rocksdb::Status& status);

/// The volume cannot lock files (a network volume without its lock service): nobody else is to blame.
Error no_locks_error(const std::string& path, const std::string& cause);

/// With which families: of this build's format, or of format 1.
enum class FamiliesOf : std::uint8_t { kNow, kFormat1 };

enum class Durability : std::uint8_t { kWithNextSync, kSynced };

/// Safe for several threads. Open iterators must be gone before it is.
class Database {
 public:
  /// Errors as open_rocks_spool. The folder exists; a database is made only where none has left anything. Does not look
  /// at the format.
  static Result<std::unique_ptr<Database>> open(const DatabaseSetup& setup, FamiliesOf format = FamiliesOf::kNow);
  /// Opens it without writing anything, for a volume that takes no more: writes fail. Errors as above. Families that
  /// an older format lacks are null then.
  static Result<std::unique_ptr<Database>> open_for_reading(const DatabaseSetup& setup);
  /// The format of a spool whose column families may not be ours: what to say when open() failed. Nothing when it
  /// cannot be read.
  static std::optional<std::uint32_t> peek_format(const DatabaseSetup& setup);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& path() const { return setup_.path(); }
  rocksdb::Env& env() const { return setup_.env(); }
  rocksdb::ColumnFamilyHandle* meta() const { return families_[0]; }
  rocksdb::ColumnFamilyHandle* events() const { return families_[1]; }
  rocksdb::ColumnFamilyHandle* ids() const { return families_[2]; }
  rocksdb::ColumnFamilyHandle* leaves() const { return family(DatabaseSetup::kLeavesPlace); }
  rocksdb::ColumnFamilyHandle* dead_letters() const { return family(DatabaseSetup::kLettersPlace); }

  Status write(rocksdb::WriteBatch& batch, Durability durability);
  Status sync();

  /// Nothing when the key is absent.
  Result<std::optional<std::string>> get(rocksdb::ColumnFamilyHandle* family, std::string_view key) const;
  Result<std::optional<std::string>> get_meta(std::string_view key) const { return get(meta(), key); }
  /// The keys that begin so, with their values, in order.
  Result<std::vector<std::pair<std::string, std::string>>> meta_entries(std::string_view prefix) const;
  /// The memory of ids may be thrown away: one that cannot be read counts as absent, and is counted (DatabaseSetup).
  std::optional<std::string> get_id(const std::string& key) const;
  /// In the order of `keys`.
  std::vector<std::optional<std::string>> get_ids(std::span<const std::string> keys) const;

  std::unique_ptr<rocksdb::Iterator> iterate_events() const;
  std::unique_ptr<rocksdb::Iterator> iterate(rocksdb::ColumnFamilyHandle* family) const;
  /// False also where it cannot be read.
  bool has_event(std::uint64_t leaf) const;
  /// As get(), and not kept in the cache.
  Result<std::optional<std::string>> get_event(std::uint64_t leaf) const;
  /// Of all families, without the folder.
  std::set<std::string> table_names() const;
  /// The greatest leaf in `events`, as the tables' own bounds have it where it cannot be read; 0 when there is none.
  /// Reads one key.
  Result<std::uint64_t> last_leaf() const;
  /// Unlinks the table files that hold nothing but leaves below `first_kept`.
  Status drop_files_below(std::uint64_t first_kept);
  /// Writes anew what else holds events below `first_kept`, logs included, so that their bytes are gone.
  Status compact_below(std::uint64_t first_kept);
  /// Without any letter, nor the tables that hold them: a damaged one would stop every compaction.
  Status begin_letters_anew() { return begin_anew(DatabaseSetup::kLettersPlace); }
  /// To be called when no letter is damaged: a compaction that meets damage stops the whole database.
  Status let_letters_compact() { return let_compact(dead_letters()); }
  /// True when a flush or compaction failed in the background: the next write would fail as well.
  bool has_background_error() const;

  struct FolderBytes {
    std::uint64_t all = 0;
    std::uint64_t settled = 0;        ///< Without tables that a flush or compaction is writing or has just replaced.
    std::uint64_t logs = 0;           ///< Write-ahead logs: what an opening writes to tables.
    std::uint64_t damaged = 0;        ///< Folders with files as an opening found them damaged: how many.
    std::uint64_t damaged_bytes = 0;  ///< What taking these away would free; not in `all`.
  };
  Result<FolderBytes> folder_bytes() const;
  /// As missing_files().
  std::string missing() const;

 private:
  rocksdb::ColumnFamilyHandle* family(std::size_t place) const {
    return place < families_.size() ? families_[place] : nullptr;
  }
  Database(const DatabaseSetup& setup, std::unique_ptr<rocksdb::DB> database,
           std::vector<rocksdb::ColumnFamilyHandle*> families);
  std::uint64_t live_table_bytes() const;
  /// Reads all of `ids`, and begins it anew where a table of it is damaged: else every compaction would meet the
  /// damage and stop the whole database.
  Status forget_unreadable_ids();
  Status forget_ids();
  Status begin_anew(std::size_t place);
  Status let_compact(rocksdb::ColumnFamilyHandle* family);

  const DatabaseSetup& setup_;
  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

/// Creates the folder (mode 0700) and its missing parents, each made durable through the file system interface.
Status create_folder(rocksdb::Env& env, const std::string& path);

}  // namespace twinlog
