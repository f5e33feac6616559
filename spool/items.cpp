#include "spool/items.h"

#include <rocksdb/iterator.h>

#include <memory>
#include <string>

#include "ledger/leaf/leaf.h"
#include "ledger/record/canonical.h"
#include "spool/layout.h"
#include "spool/ledger_layout.h"

namespace twinlog {
namespace {

/// Beside damage, where an iterator gives nothing, not even what lies in another file.
constexpr std::size_t kMostBesideDamage = 256;

/// Before the ledger the index is the number; with it the number is more, by the base of its epoch.
bool belongs_to(std::uint64_t number, const Version& version) {
  return version.ledger ? version.leaf_index < number : version.leaf_index == number;
}

Result<std::vector<SpoolItem>> read_one_by_one(const Database& database, const ReadRange& range) {
  std::vector<SpoolItem> items;
  const std::size_t most = std::min(range.most_events, kMostBesideDamage);
  for (std::uint64_t number = range.first; number <= range.last && items.size() < most; ++number) {
    Result<std::optional<SpoolItem>> item = read_item(database, number);
    if (!item) {
      return items.empty() ? Result<std::vector<SpoolItem>>(item.error()) : items;
    }
    if (item->has_value()) {
      items.push_back(std::move(**item));
    }
  }
  return items;
}

/// An iterator may go on in another file, and say nothing, where it cannot read the next one.
bool hides_damage(const Database& database, std::uint64_t first, const rocksdb::Iterator& at) {
  return leaf_of_event_key(at.key().ToStringView()) != first && !database.get_event(first);
}

/// A leaf of the agent's own lies beside its hash once more.
std::optional<SpoolItem> own_leaf_beside_hash(const Database& database, std::uint64_t number) {
  if (database.leaves() == nullptr) {
    return std::nullopt;
  }
  const Result<std::optional<std::string>> value = database.get(database.leaves(), event_key(number));
  if (!value || !value->has_value() || (*value)->size() <= sizeof(Digest) || !hash_of_leaf_value(**value)) {
    return std::nullopt;
  }
  Result<SpoolItem> item = item_from(number, own_item((*value)->substr(sizeof(Digest))), database.path());
  return item ? std::optional(std::move(*item)) : std::nullopt;
}

}  // namespace

Result<SpoolItem> item_from(std::optional<std::uint64_t> number, std::string_view value, const std::string& path) {
  if (number && !value.empty() && value.front() == kOwnItem) {
    const Result<Leaf> leaf = parse_leaf(value.substr(1));
    if (leaf && leaf->header.index < *number) {
      return SpoolItem{.number = *number,
                       .version = std::nullopt,
                       .own_leaf = std::string(value.substr(1)),
                       .received_at = leaf->header.accept_at};
    }
  } else if (Result<Version> version = decode_version(value); number && version && belongs_to(*number, *version)) {
    version->number = *number;
    const UtcMicros received_at = version->received_at;
    return SpoolItem{.number = *number, .version = std::move(*version), .own_leaf = {}, .received_at = received_at};
  }
  return Error(ErrorKind::kCorrupt, "event " + (number ? std::to_string(*number) : "with a damaged key") +
                                        " in the spool in " + path +
                                        " is damaged; keep a copy of the folder, then check the disk");
}

Result<std::optional<SpoolItem>> read_item(const Database& database, std::uint64_t number) {
  const Result<std::optional<std::string>> value = database.get_event(number);
  if (value && value->has_value()) {
    if (Result<SpoolItem> item = item_from(number, **value, database.path())) {
      return std::optional(std::move(*item));
    }
  }
  if (std::optional<SpoolItem> own = own_leaf_beside_hash(database, number)) {
    return own;
  }
  if (!value || !value->has_value()) {
    return value ? Result(std::optional<SpoolItem>()) : value.error();
  }
  return item_from(number, **value, database.path()).error();
}

Result<std::vector<SpoolItem>> read_items(const Database& database, const ReadRange& range) {
  std::vector<SpoolItem> items;
  if (range.first > range.last) {
    return items;
  }
  // A version is more than a kilobyte to move, and growing would move each twice.
  items.reserve(std::min<std::uint64_t>(range.most_events, range.last - range.first + 1));
  std::size_t bytes = 0;
  const std::string end = event_key(range.last + 1);
  const std::unique_ptr<rocksdb::Iterator> at = database.iterate_events();
  at->Seek(event_key(range.first));
  if (at->Valid() && hides_damage(database, range.first, *at)) {
    return read_one_by_one(database, range);
  }
  for (; at->Valid() && items.size() < range.most_events; at->Next()) {
    bytes += at->value().size();
    if (!items.empty() && hides_damage(database, items.back().number + 1, *at)) {
      return items;  // The next reading begins there.
    }
    if (at->key().ToStringView() >= end || (!items.empty() && bytes > range.most_bytes)) {
      return items;
    }
    Result<SpoolItem> item =
        item_from(leaf_of_event_key(at->key().ToStringView()), at->value().ToStringView(), database.path());
    if (!item) {
      // What came before it is good and goes out; the damage is reported when it is next in line.
      return items.empty() ? read_one_by_one(database, range) : items;
    }
    items.push_back(std::move(*item));
  }
  if (at->status().IsCorruption() && items.empty()) {
    return read_one_by_one(database, range);
  }
  if (!at->status().ok() && items.empty()) {
    return database_error("events cannot be read from the spool", database.path(), at->status());
  }
  return items;
}

Result<std::vector<Version>> read_versions(const Database& database, const ReadRange& range) {
  std::vector<Version> versions;
  for (ReadRange rest = range; rest.first <= rest.last;) {
    Result<std::vector<SpoolItem>> items = read_items(database, rest);
    if (!items) {
      return versions.empty() ? Result<std::vector<Version>>(items.error()) : versions;
    }
    if (items->empty()) {
      return versions;
    }
    rest.first = items->back().number + 1;
    for (SpoolItem& item : *items) {
      if (item.version) {
        versions.push_back(std::move(*item.version));
      }
    }
    if (!versions.empty()) {
      return versions;
    }
  }
  return versions;
}

}  // namespace twinlog
