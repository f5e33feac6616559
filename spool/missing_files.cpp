#include "spool/missing_files.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace twinlog {
namespace {

constexpr std::size_t kNamed = 3;

bool is_gone(const rocksdb::DB& database, const std::string& name) {
  return database.GetEnv()->FileExists(database.GetName() + "/" + name).IsNotFound();
}

/// Without those that it replaces while this looks, but for a moment's.
std::vector<std::string> gone_now(rocksdb::DB& database) {
  std::vector<std::string> names;
  std::uint64_t manifest_bytes = 0;
  if (!database.GetLiveFiles(names, &manifest_bytes, false).ok()) {
    return {};
  }
  std::vector<std::string> gone;
  for (const std::string& name : names) {
    const std::string bare = name.substr(name.find_first_not_of('/'));
    if (is_gone(database, bare)) {
      gone.push_back(bare);
    }
  }
  std::unique_ptr<rocksdb::LogFile> log;
  if (const rocksdb::Status found = database.GetCurrentWalFile(&log); found.IsNotFound() || found.IsPathNotFound()) {
    gone.emplace_back("its present log");
  }
  return gone;
}

}  // namespace

std::string missing_files(rocksdb::DB& database) {
  if (database.GetEnv()->FileExists(database.GetName()).IsNotFound()) {
    return "the folder";
  }
  const std::vector<std::string> before = gone_now(database);
  if (before.empty()) {
    return "";
  }
  std::vector<std::string> gone = gone_now(database);
  std::erase_if(gone, [&before](const std::string& name) { return std::ranges::find(before, name) == before.end(); });
  std::string words;
  for (std::size_t i = 0; i < std::min(gone.size(), kNamed); ++i) {
    words += (words.empty() ? "" : ", ") + gone[i];
  }
  return gone.size() > kNamed ? words + " and " + std::to_string(gone.size() - kNamed) + " more" : words;
}

}  // namespace twinlog
