#include "spool/rescue.h"

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "spool/items.h"
#include "spool/layout.h"
#include "spool/ledger_layout.h"
#include "spool/wal_scan.h"

namespace twinlog {
namespace {

/// So much is put back at once.
constexpr std::size_t kBatchBytes = 1U << 20U;
constexpr std::uint64_t kBesideDamage = 256;

std::string bare_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

/// A table of the family; nothing where it is another one's, or cannot be opened.
std::unique_ptr<rocksdb::Iterator> open_table(rocksdb::SstFileReader& reader, const std::string& path,
                                              std::string_view family) {
  const auto properties = reader.Open(path).ok() ? reader.GetTableProperties() : nullptr;
  const bool is_one = properties != nullptr && properties->column_family_name == family;
  return std::unique_ptr<rocksdb::Iterator>(is_one ? reader.NewIterator(rocksdb::ReadOptions()) : nullptr);
}

rocksdb::Options options_for(rocksdb::Env& env) {
  rocksdb::Options options;
  options.env = &env;
  return options;
}

class EventTable {
 public:
  EventTable(rocksdb::Env& env, const std::string& path)
      : reader_(options_for(env)), at_(open_table(reader_, path, kEventsFamily)) {}

  /// Each event of the range that can be read.
  template <typename Visit>
  void each_of(const LeafRange& range, const Visit& visit) {
    // Behind a block that cannot be read, one by one, until the next one begins.
    for (std::uint64_t next = range.first; at_ != nullptr && next <= range.last; ++next) {
      for (at_->Seek(event_key(next)); at_->Valid(); at_->Next()) {
        visit(at_->key().ToStringView(), at_->value().ToStringView());
        next = leaf_of_event_key(at_->key().ToStringView()).value_or(next) + 1;
      }
      if (!at_->status().IsCorruption()) {
        return;
      }
    }
  }
  bool is_damaged() {
    return at_ != nullptr && (!edge(&rocksdb::Iterator::SeekToFirst) || !edge(&rocksdb::Iterator::SeekToLast));
  }
  std::optional<std::uint64_t> first() { return edge(&rocksdb::Iterator::SeekToFirst); }
  std::optional<std::uint64_t> last() { return edge(&rocksdb::Iterator::SeekToLast); }

 private:
  std::optional<std::uint64_t> edge(void (rocksdb::Iterator::*seek)()) {
    if (at_ == nullptr) {
      return std::nullopt;
    }
    (at_.get()->*seek)();
    return at_->Valid() ? leaf_of_event_key(at_->key().ToStringView()) : std::nullopt;
  }

  rocksdb::SstFileReader reader_;
  std::unique_ptr<rocksdb::Iterator> at_;
};

class Rescuer {
 public:
  Rescuer(Database& database, std::uint64_t first_kept) : database_(database), first_kept_(first_kept) {}

  void offer(std::string_view key, std::string_view value) {
    const std::optional<std::uint64_t> leaf = leaf_of_event_key(key);
    if (!leaf || *leaf < first_kept_ || failure_) {
      return;
    }
    if (!database_.has_event(*leaf)) {
      batch_.Put(database_.events(), rocksdb::Slice(key), rocksdb::Slice(value));
      ++done_.put_back;
      write_when_large();
    }
  }
  /// Hashes of leaves, which may be there although their events are not.
  void offer_leaf(std::string_view key, std::string_view value) {
    const std::optional<std::uint64_t> number = last_number_of_key(key);
    if (!number || *number < first_kept_ || failure_) {
      return;
    }
    const Result<std::optional<std::string>> known = database_.get(database_.leaves(), key);
    if (!known || !known->has_value()) {
      batch_.Put(database_.leaves(), rocksdb::Slice(key), rocksdb::Slice(value));
      write_when_large();
    }
  }
  /// Where nothing newer is known.
  void remember(std::string_view key, std::string_view value) {
    const std::optional<std::string> known = database_.get_id(std::string(key));
    const std::uint64_t known_leaf = known ? leaf_of_id_value(*known).value_or(0) : 0;
    if (leaf_of_id_value(value).value_or(0) > std::max(known_leaf, first_kept_ - 1) && !failure_) {
      batch_.Put(database_.ids(), rocksdb::Slice(key), rocksdb::Slice(value));
      write_when_large();
    }
  }

  Result<Rescue> end() {
    write();
    return failure_ ? Result<Rescue>(*failure_) : done_;
  }

 private:
  void write_when_large() {
    if (batch_.GetDataSize() >= kBatchBytes) {
      write();
    }
  }
  void write() {
    if (batch_.Count() > 0 && !failure_) {
      const Status written = database_.write(batch_, Durability::kSynced);
      failure_ = written.ok() ? std::nullopt : std::optional(written.error());
    }
    batch_.Clear();
  }

  Database& database_;
  const std::uint64_t first_kept_;
  rocksdb::WriteBatch batch_;
  Rescue done_;
  std::optional<Error> failure_;
};

/// One record of the log: its events, and what it remembered of their ids. Told by their form: which family a number
/// stands for, only the database that wrote it knew for sure.
class Commit final : public rocksdb::WriteBatch::Handler {
 public:
  explicit Commit(Rescuer& rescuer) : rescuer_(rescuer) {}

  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    const std::string_view name = key.ToStringView();
    const std::string_view bytes = value.ToStringView();
    if (family != kMetaFamily && is_id_entry(name, bytes)) {
      rescuer_.remember(name, bytes);
    } else if (family != kMetaFamily && is_leaf(name, bytes)) {
      rescuer_.offer_leaf(name, bytes);
    } else if (family != kMetaFamily && is_event(name, bytes)) {
      rescuer_.offer(name, bytes);
    }
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t /*family*/, const rocksdb::Slice& /*key*/) override {
    return rocksdb::Status::OK();
  }

 private:
  static constexpr std::uint32_t kMetaFamily = 0;
  static bool is_id_entry(std::string_view key, std::string_view value) {
    const std::size_t plain = id_key("", "").size();
    return (key.size() == plain && newest_version_from(value)) ||
           (key.size() == plain + sizeof(Digest) && number_from(value));
  }
  static bool is_leaf(std::string_view key, std::string_view value) { return hash_run_from(key, value).has_value(); }
  static bool is_event(std::string_view key, std::string_view value) {
    const std::optional<std::uint64_t> leaf = leaf_of_event_key(key);
    if (!leaf) {
      return false;
    }
    return static_cast<bool>(item_from(leaf, value, ""));
  }

  Rescuer& rescuer_;
};

/// What can be read of them: a memory that may be thrown away, but is not without need.
void remember_ids_of_forgotten_tables(const Database& database, const Aside& aside, Rescuer& rescuer) {
  const std::set<std::string> known = database.table_names();
  for (const std::string& path : aside.tables()) {
    rocksdb::SstFileReader reader(options_for(database.env()));
    const auto at = known.contains(bare_name(path)) ? nullptr : open_table(reader, path, kIdsFamily);
    if (at == nullptr) {
      continue;
    }
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      rescuer.remember(at->key().ToStringView(), at->value().ToStringView());
    }
  }
}

/// As far as they can be read: a hash that is lost is made again from its event.
void offer_leaves_of_forgotten_tables(const Database& database, const Aside& aside, Rescuer& rescuer) {
  const std::set<std::string> known = database.table_names();
  for (const std::string& path : aside.tables()) {
    rocksdb::SstFileReader reader(options_for(database.env()));
    const auto at = known.contains(bare_name(path)) ? nullptr : open_table(reader, path, kLeavesFamily);
    if (at == nullptr) {
      continue;
    }
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      if (hash_run_from(at->key().ToStringView(), at->value().ToStringView())) {
        rescuer.offer_leaf(at->key().ToStringView(), at->value().ToStringView());
      }
    }
  }
}

}  // namespace

std::vector<std::string> forgotten_tables(const Database& database, const Aside& aside, std::uint64_t first_kept) {
  const std::set<std::string> known = database.table_names();
  std::vector<std::string> forgotten;
  for (const std::string& path : aside.tables()) {
    if (known.contains(bare_name(path))) {
      continue;
    }
    EventTable table(database.env(), path);
    const auto first = table.first();
    const auto last = table.last();
    const bool lacks_it = first && last && *last >= first_kept &&
                          (!database.has_event(*last) || !database.has_event(std::max(*first, first_kept)));
    if (lacks_it || table.is_damaged()) {
      forgotten.push_back(path);
    }
  }
  return forgotten;
}

Result<Rescue> rescue(Database& database, const Aside& aside, const LeafRange& kept) {
  Rescuer rescuer(database, kept.first);
  remember_ids_of_forgotten_tables(database, aside, rescuer);
  for (const std::string& path : forgotten_tables(database, aside, kept.first)) {
    EventTable(database.env(), path).each_of(kept, [&](std::string_view key, std::string_view value) {
      rescuer.offer(key, value);
    });
  }
  offer_leaves_of_forgotten_tables(database, aside, rescuer);
  for (const std::string& path : aside.logs()) {
    const Status scanned = scan_wal(database.env(), path, [&](std::string_view record) {
      Commit commit(rescuer);
      // One that is no batch was not written by us.
      rocksdb::WriteBatch(std::string(record)).Iterate(&commit).PermitUncheckedError();
    });
    if (!scanned) {
      return scanned.error();
    }
  }
  return rescuer.end();
}

Result<std::vector<LeafRange>> holes(const Database& database, const LeafRange& range) {
  std::vector<LeafRange> found;
  const auto missing = [&found](std::uint64_t first, std::uint64_t last) {
    if (first <= last && !found.empty() && found.back().last + 1 == first) {
      found.back().last = last;
    } else if (first <= last) {
      found.push_back({first, last});
    }
  };
  std::uint64_t next = range.first;
  while (next <= range.last) {
    const std::unique_ptr<rocksdb::Iterator> at = database.iterate_events();
    bool is_beside_damage = false;
    for (at->Seek(event_key(next)); at->Valid() && next <= range.last; at->Next()) {
      const std::uint64_t leaf = leaf_of_event_key(at->key().ToStringView()).value_or(next);
      // It may go on in another file, and say nothing, where it cannot read the next event.
      is_beside_damage = leaf != next && !database.get_event(next);
      if (is_beside_damage) {
        break;
      }
      missing(next, std::min(leaf - 1, range.last));
      next = leaf + 1;
    }
    if (at->status().ok() && !is_beside_damage) {
      break;
    }
    if (!at->status().ok() && !at->status().IsCorruption()) {
      return database_error("events cannot be read from the spool", database.path(), at->status());
    }
    // An iterator gives nothing beside damage, not even what lies in another file: one by one for a while.
    for (const std::uint64_t end = std::min(next + kBesideDamage, range.last + 1); next < end; ++next) {
      missing(next, database.has_event(next) ? next - 1 : next);
    }
  }
  missing(next, range.last);
  return found;
}

}  // namespace twinlog
