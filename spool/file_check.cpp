#include "spool/file_check.h"

#include <rocksdb/env.h>
#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>

#include "spool/database.h"
#include "spool/layout.h"
#include "spool/wal_scan.h"

namespace twinlog {
namespace {

class LoggedEvents final : public rocksdb::WriteBatch::Handler {
 public:
  LoggedEvents(std::uint32_t family, const VisitLeaf& visit) : family_(family), visit_(visit) {}

  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& /*value*/) override {
    const auto leaf = family == family_ ? leaf_of_event_key(key.ToStringView()) : std::nullopt;
    if (leaf) {
      visit_(*leaf);
    }
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t /*family*/, const rocksdb::Slice& /*key*/) override {
    return rocksdb::Status::OK();
  }

 private:
  const std::uint32_t family_;
  const VisitLeaf& visit_;
};

}  // namespace

Result<std::vector<std::string>> files_with_suffix(rocksdb::Env& env, const std::string& folder,
                                                   std::string_view suffix) {
  std::vector<std::string> names;
  if (const rocksdb::Status listed = env.GetChildren(folder, &names); !listed.ok()) {
    return database_error("the spool's folder cannot be read", folder, listed);
  }
  std::erase_if(names, [suffix](const std::string& name) { return !name.ends_with(suffix); });
  // RocksDB's numbers have six digits, and more when they need them.
  std::ranges::sort(names, [](const std::string& left, const std::string& right) {
    return left.size() != right.size() ? left.size() < right.size() : left < right;
  });
  return names;
}

TableCheck check_table(const std::string& file) {
  rocksdb::SstFileReader reader{rocksdb::Options()};
  const rocksdb::Status opened = reader.Open(file);
  if (!opened.ok()) {
    return {.family = "", .damage = opened.ToString()};
  }
  const rocksdb::Status verified = reader.VerifyChecksum();
  const auto properties = reader.GetTableProperties();  // None where they are damaged.
  return {.family = properties ? properties->column_family_name : "",
          .damage = verified.ok() ? "" : verified.ToString()};
}

void visit_table_events(const std::string& file, const VisitLeaf& visit) {
  rocksdb::SstFileReader reader{rocksdb::Options()};
  const auto properties = reader.Open(file).ok() ? reader.GetTableProperties() : nullptr;
  if (properties == nullptr || properties->column_family_name != kEventsFamily) {
    return;
  }
  const std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator(rocksdb::ReadOptions()));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (const auto leaf = leaf_of_event_key(at->key().ToStringView())) {
      visit(*leaf);
    }
  }
}

Status visit_log_events(rocksdb::Env& env, const std::string& file, std::uint32_t events_family,
                        const VisitLeaf& visit) {
  return scan_wal(env, file, [&](std::string_view record) {
    LoggedEvents events(events_family, visit);
    rocksdb::WriteBatch(std::string(record)).Iterate(&events).PermitUncheckedError();  // What it has is told.
  });
}

}  // namespace twinlog
