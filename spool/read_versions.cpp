#include "spool/read_versions.h"

#include <rocksdb/iterator.h>

#include <algorithm>
#include <optional>
#include <string>

#include "ledger/record/canonical.h"
#include "spool/layout.h"

namespace twinlog {
namespace {

Result<Version> version_at(const rocksdb::Iterator& at, const std::string& path) {
  const std::optional<std::uint64_t> leaf = leaf_of_event_key(at.key().ToStringView());
  Result<Version> version = decode_version(at.value().ToStringView());
  if (leaf && version && version->leaf_index == *leaf) {
    return version;
  }
  return Error(ErrorKind::kCorrupt, "event " + (leaf ? std::to_string(*leaf) : "with a damaged key") +
                                        " in the spool in " + path +
                                        " is damaged; keep a copy of the folder, then check the disk");
}

}  // namespace

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
  for (at->Seek(event_key(range.first)); at->Valid() && versions.size() < range.most_events; at->Next()) {
    bytes += at->value().size();
    if (at->key().ToStringView() >= end || (!versions.empty() && bytes > range.most_bytes)) {
      return versions;
    }
    Result<Version> version = version_at(*at, database.path());
    if (!version) {
      // What came before it is good and goes out; the damage is reported when it is next in line.
      return versions.empty() ? Result<std::vector<Version>>(version.error()) : versions;
    }
    versions.push_back(std::move(*version));
  }
  if (!at->status().ok() && versions.empty()) {
    return database_error("events cannot be read from the spool", database.path(), at->status());
  }
  return versions;
}

}  // namespace twinlog
