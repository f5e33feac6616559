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

#include "spool/layout.h"
#include "spool/wal_scan.h"

namespace twinlog {
namespace {

/// So much is put back at once.
constexpr std::size_t kBatchBytes = 1U << 20U;
constexpr std::uint64_t kBesideDamage = 256;

std::string bare_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

/// A table of events; nothing where it is another family's, or cannot be opened.
class EventTable {
 public:
  explicit EventTable(const std::string& path) : reader_(rocksdb::Options()) {
    if (reader_.Open(path).ok() && reader_.GetTableProperties()->column_family_name == kEventsFamily) {
      at_.reset(reader_.NewIterator(rocksdb::ReadOptions()));
    }
  }
  rocksdb::Iterator* at() { return at_.get(); }

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

  /// Whether it was missing.
  bool offer(std::string_view key, std::string_view value) {
    const std::optional<std::uint64_t> leaf = leaf_of_event_key(key);
    if (!leaf || *leaf < first_kept_ || failure_) {
      return false;
    }
    done_.last_found = std::max(done_.last_found, *leaf);
    if (database_.has_event(*leaf)) {
      return false;
    }
    batch_.Put(database_.events(), rocksdb::Slice(key), rocksdb::Slice(value));
    ++done_.put_back;
    if (batch_.GetDataSize() >= kBatchBytes) {
      write();
    }
    return true;
  }
  void remember(std::string_view key, std::string_view value) {
    batch_.Put(database_.ids(), rocksdb::Slice(key), rocksdb::Slice(value));
  }

  Result<Rescue> end() {
    write();
    return failure_ ? Result<Rescue>(*failure_) : done_;
  }

 private:
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

/// One commit of the log: its events, and what it remembered of their ids where one of them was missing.
class Commit final : public rocksdb::WriteBatch::Handler {
 public:
  Commit(const Database& database, Rescuer& rescuer)
      : events_(database.events()->GetID()), ids_(database.ids()->GetID()), rescuer_(rescuer) {}

  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    if (family == events_) {
      was_missing_ |= rescuer_.offer(key.ToStringView(), value.ToStringView());
    } else if (family == ids_) {
      entries_.emplace_back(key.ToString(), value.ToString());
    }
    return rocksdb::Status::OK();
  }
  void end() {
    for (const auto& [key, value] : entries_) {
      if (was_missing_) {
        rescuer_.remember(key, value);
      }
    }
  }

 private:
  const std::uint32_t events_;
  const std::uint32_t ids_;
  Rescuer& rescuer_;
  bool was_missing_ = false;
  std::vector<std::pair<std::string, std::string>> entries_;
};

}  // namespace

std::vector<std::string> forgotten_tables(const Database& database, const Aside& aside, std::uint64_t first_kept) {
  const std::set<std::string> known = database.table_names();
  std::vector<std::string> forgotten;
  for (const std::string& path : aside.tables()) {
    if (known.contains(bare_name(path))) {
      continue;
    }
    EventTable table(path);
    const auto first = table.first();
    const auto last = table.last();
    if (first && last && *last >= first_kept &&
        (!database.has_event(*last) || !database.has_event(std::max(*first, first_kept)))) {
      forgotten.push_back(path);
    }
  }
  return forgotten;
}

Result<Rescue> rescue(Database& database, const Aside& aside, std::uint64_t first_kept) {
  Rescuer rescuer(database, first_kept);
  for (const std::string& path : forgotten_tables(database, aside, first_kept)) {
    EventTable table(path);
    rocksdb::Iterator* at = table.at();
    for (at->Seek(event_key(first_kept)); at->Valid(); at->Next()) {
      rescuer.offer(at->key().ToStringView(), at->value().ToStringView());
    }
  }
  for (const std::string& path : aside.logs()) {
    const Status scanned = scan_wal(database.env(), path, [&](std::string_view record) {
      Commit commit(database, rescuer);
      if (rocksdb::WriteBatch(std::string(record)).Iterate(&commit).ok()) {
        commit.end();
      }
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
    for (at->Seek(event_key(next)); at->Valid() && next <= range.last; at->Next()) {
      const std::uint64_t leaf = leaf_of_event_key(at->key().ToStringView()).value_or(next);
      missing(next, std::min(leaf - 1, range.last));
      next = leaf + 1;
    }
    if (at->status().ok()) {
      break;
    }
    if (!at->status().IsCorruption()) {
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
