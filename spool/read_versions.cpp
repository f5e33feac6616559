#include "spool/read_versions.h"

#include <rocksdb/iterator.h>

#include <algorithm>
#include <optional>
#include <string>

#include "ledger/record/canonical.h"
#include "spool/layout.h"

namespace twinlog {
namespace {

/// Beside damage, where an iterator gives nothing, not even what lies in another file.
constexpr std::size_t kMostBesideDamage = 256;

Result<Version> version_from(std::optional<std::uint64_t> leaf, std::string_view value, const std::string& path) {
  Result<Version> version = decode_version(value);
  if (leaf && version && version->leaf_index == *leaf) {
    return version;
  }
  return Error(ErrorKind::kCorrupt, "event " + (leaf ? std::to_string(*leaf) : "with a damaged key") +
                                        " in the spool in " + path +
                                        " is damaged; keep a copy of the folder, then check the disk");
}

Result<std::vector<Version>> read_one_by_one(const Database& database, const ReadRange& range) {
  std::vector<Version> versions;
  const std::size_t most = std::min(range.most_events, kMostBesideDamage);
  for (std::uint64_t leaf = range.first; leaf <= range.last && versions.size() < most; ++leaf) {
    const Result<std::optional<std::string>> value = database.get_event(leaf);
    if (value && !value->has_value()) {
      continue;
    }
    Result<Version> version = value ? version_from(leaf, **value, database.path()) : value.error();
    if (!version) {
      return versions.empty() ? Result<std::vector<Version>>(version.error()) : versions;
    }
    versions.push_back(std::move(*version));
  }
  return versions;
}

/// An iterator may go on in another file, and say nothing, where it cannot read the next one.
bool hides_damage(const Database& database, std::uint64_t first, const rocksdb::Iterator& at) {
  return leaf_of_event_key(at.key().ToStringView()) != first && !database.get_event(first);
}

}  // namespace

Result<std::optional<Version>> read_version(const Database& database, std::uint64_t leaf) {
  const Result<std::optional<std::string>> value = database.get_event(leaf);
  if (!value || !value->has_value()) {
    return value ? Result(std::optional<Version>()) : value.error();
  }
  Result<Version> version = version_from(leaf, **value, database.path());
  return version ? Result(std::optional(std::move(*version))) : version.error();
}

Result<std::vector<Version>> read_versions(const Database& database, const ReadRange& range) {
  std::vector<Version> versions;
  if (range.first > range.last) {
    return versions;
  }
  // A version is more than a kilobyte to move, and growing would move each twice.
  versions.reserve(std::min<std::uint64_t>(range.most_events, range.last - range.first + 1));
  std::size_t bytes = 0;
  const std::string end = event_key(range.last + 1);
  const std::unique_ptr<rocksdb::Iterator> at = database.iterate_events();
  at->Seek(event_key(range.first));
  if (at->Valid() && hides_damage(database, range.first, *at)) {
    return read_one_by_one(database, range);
  }
  for (; at->Valid() && versions.size() < range.most_events; at->Next()) {
    bytes += at->value().size();
    if (!versions.empty() && hides_damage(database, versions.back().leaf_index + 1, *at)) {
      return versions;  // The next reading begins there.
    }
    if (at->key().ToStringView() >= end || (!versions.empty() && bytes > range.most_bytes)) {
      return versions;
    }
    Result<Version> version =
        version_from(leaf_of_event_key(at->key().ToStringView()), at->value().ToStringView(), database.path());
    if (!version) {
      // What came before it is good and goes out; the damage is reported when it is next in line.
      return versions.empty() ? Result<std::vector<Version>>(version.error()) : versions;
    }
    versions.push_back(std::move(*version));
  }
  if (at->status().IsCorruption() && versions.empty()) {
    return read_one_by_one(database, range);
  }
  if (!at->status().ok() && versions.empty()) {
    return database_error("events cannot be read from the spool", database.path(), at->status());
  }
  return versions;
}

}  // namespace twinlog
