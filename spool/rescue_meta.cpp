#include "spool/rescue_meta.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include "spool/dead_letter_codec.h"
#include "spool/layout.h"
#include "spool/wal_scan.h"

namespace twinlog {
namespace {

constexpr std::uint32_t kMetaFamily = 0;  ///< RocksDB's own.
constexpr std::array kOnlyRise{kFirstKeptKey, kSkippedToKey, kReceivedAtKey};

using Newest = std::map<std::string, std::optional<std::string>>;

/// Letters are told by their form: which family a number stands for, only the database that wrote it knew for sure.
class Collector final : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    if (family == kMetaFamily) {
      found.meta[key.ToString()] = value.ToString();
    } else if (place_of_dead_letter(key.ToStringView()) &&
               (dead_letter_from(value.ToStringView()) || is_discarded_letter(value.ToStringView()))) {
      found.letters[key.ToString()] = value.ToString();
    }
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t family, const rocksdb::Slice& key) override {
    if (family == kMetaFamily) {
      found.meta[key.ToString()] = std::nullopt;
    } else if (place_of_dead_letter(key.ToStringView())) {
      found.letters[key.ToString()] = std::nullopt;
    }
    return rocksdb::Status::OK();
  }

  MetaRecords found;
};

bool is_cursor(const std::string& key) {
  return key == cursor_key(StoreId::kPostgres) || key == cursor_key(StoreId::kMongodb);
}

/// As the database has it now; 0 where it does not.
std::uint64_t known_number(const Database& database, const std::string& key) {
  const Result<std::optional<std::string>> known = database.get_meta(key);
  return known && known->has_value() ? number_from(**known).value_or(0) : 0;
}

/// Of a letter that was discarded since.
bool is_older_mark(const Database& database, const std::string& key, const std::optional<std::string>& value) {
  const std::optional<LetterMark> mark =
      place_of_letter_mark(key) && value ? letter_mark_from(*value) : std::optional<LetterMark>();
  const Result<std::optional<std::string>> known =
      mark && !mark->is_discarded ? database.get_meta(key) : Result(std::optional<std::string>());
  const std::optional<LetterMark> now =
      known && known->has_value() ? letter_mark_from(**known) : std::optional<LetterMark>();
  return now && now->is_discarded;
}

bool is_outdated(const Database& database, const std::string& key, const std::optional<std::string>& value) {
  const std::uint64_t number = value ? number_from(*value).value_or(0) : 0;
  if (std::ranges::find(kOnlyRise, key) != kOnlyRise.end()) {
    return !value || number < known_number(database, key);
  }
  return (is_cursor(key) && number > known_number(database, key)) || is_older_mark(database, key, value);
}

/// A letter that somebody discarded does not come back.
bool is_settled(const Database& database, const std::string& key, const std::optional<std::string>& value) {
  const Result<std::optional<std::string>> known = database.get(database.dead_letters(), key);
  return known && known->has_value() && value && is_discarded_letter(**known) && !is_discarded_letter(*value);
}

template <typename IsOutdated>
void put(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* family, const Newest& newest,
         const IsOutdated& is_outdated) {
  for (const auto& [key, value] : newest) {
    if (is_outdated(key, value)) {
      continue;
    }
    if (value) {
      batch.Put(family, key, *value);
    } else {
      batch.Delete(family, key);
    }
  }
}

}  // namespace

Result<MetaRecords> records_of_logs(rocksdb::Env& env, const Aside& aside) {
  Collector collector;
  for (const std::string& path : aside.logs()) {
    const Status scanned = scan_wal(env, path, [&collector](std::string_view record) {
      // One that is no batch was not written by us.
      rocksdb::WriteBatch(std::string(record)).Iterate(&collector).PermitUncheckedError();
    });
    if (!scanned) {
      return scanned.error();
    }
  }
  return std::move(collector.found);
}

Status rescue_meta(Database& database, const Aside& aside) {
  const Result<MetaRecords> found = records_of_logs(database.env(), aside);
  if (!found) {
    return found.error();
  }
  rocksdb::WriteBatch batch;
  put(batch, database.meta(), found->meta,
      [&](const std::string& key, const auto& value) { return is_outdated(database, key, value); });
  put(batch, database.dead_letters(), found->letters,
      [&](const std::string& key, const auto& value) { return is_settled(database, key, value); });
  return batch.Count() == 0 ? Status() : database.write(batch, Durability::kSynced);
}

}  // namespace twinlog
