#include "spool/trim_filter.h"

#include <rocksdb/compaction_filter.h>

#include <optional>

#include "spool/layout.h"
#include "spool/ledger_layout.h"

namespace twinlog {
namespace {

class EventsFilter final : public rocksdb::CompactionFilter {
 public:
  explicit EventsFilter(const DurableFirstKept& first_kept) : first_kept_(first_kept) {}
  const char* Name() const override { return "twinlog.events"; }
  // NOLINTNEXTLINE(readability-identifier-naming): RocksDB's name.
  bool Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& /*value*/, std::string* /*new_value*/,
              bool* /*value_changed*/) const override {
    const std::optional<std::uint64_t> leaf = last_number_of_key(key.ToStringView());
    return leaf && *leaf < first_kept_.load();
  }

 private:
  const DurableFirstKept& first_kept_;
};

class IdsFilter final : public rocksdb::CompactionFilter {
 public:
  explicit IdsFilter(const DurableFirstKept& first_kept) : first_kept_(first_kept) {}
  const char* Name() const override { return "twinlog.ids"; }
  // NOLINTNEXTLINE(readability-identifier-naming): RocksDB's name.
  bool Filter(int /*level*/, const rocksdb::Slice& /*key*/, const rocksdb::Slice& value, std::string* /*new_value*/,
              bool* /*value_changed*/) const override {
    const std::optional<std::uint64_t> leaf = leaf_of_id_value(value.ToStringView());
    return leaf && *leaf < first_kept_.load();
  }

 private:
  const DurableFirstKept& first_kept_;
};

}  // namespace

std::unique_ptr<const rocksdb::CompactionFilter> make_events_filter(const DurableFirstKept& first_kept) {
  return std::make_unique<EventsFilter>(first_kept);
}

std::unique_ptr<const rocksdb::CompactionFilter> make_ids_filter(const DurableFirstKept& first_kept) {
  return std::make_unique<IdsFilter>(first_kept);
}

}  // namespace twinlog
