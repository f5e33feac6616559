#include "spool/repair_spool.h"

#include <rocksdb/write_batch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>

#include "spool/database_setup.h"
#include "spool/holes.h"
#include "spool/loss.h"
#include "spool/opening.h"
#include "spool/read_versions.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;

/// What RocksDB only ever replaces, never writes in place once it is opened again: a second name is as good as a copy.
bool can_be_linked(const std::string& name) {
  return name == "CURRENT" || name == "IDENTITY" || name.starts_with("MANIFEST-") || name.starts_with("OPTIONS-") ||
         name.ends_with(".sst") || name.ends_with(".log");
}

bool is_left_out(const std::string& name) {
  return name == "ballast" || name == "LOCK" || name.starts_with("damaged-");
}

Error copy_error(const std::string& what, const std::error_code& error) {
  const ErrorKind kind = error == std::errc::no_space_on_device  ? ErrorKind::kFull
                         : error == std::errc::permission_denied ? ErrorKind::kRefused
                                                                 : ErrorKind::kTransient;
  return {kind, what + " cannot be copied (" + error.message() + "); nothing in the spool was touched"};
}

Status copy_folder(const fs::path& from, const fs::path& to, FolderCopy& done) {
  if (::mkdir(to.c_str(), 0700) != 0) {
    return copy_error(from, std::error_code(errno, std::generic_category()));
  }
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(from, error)) {
    const std::string name = entry.path().filename();
    if (is_left_out(name)) {
      continue;
    }
    if (entry.is_directory(error)) {
      if (Status copied = copy_folder(entry.path(), to / name, done); !copied) {
        return copied;
      }
      continue;
    }
    if (can_be_linked(name)) {
      fs::create_hard_link(entry.path(), to / name, error);
      if (!error) {
        continue;
      }
    }
    error.clear();
    if (!fs::copy_file(entry.path(), to / name, error)) {
      return copy_error(entry.path(), error);
    }
    done.copied_bytes += entry.file_size(error);
  }
  return error ? Status(copy_error(from, error)) : Status();
}

bool is_readable(const Database& database, std::uint64_t leaf) {
  const Result<std::optional<Version>> version = read_version(database, leaf);
  return version && version->has_value();
}

/// What of `wanted` still is neither readable nor on record.
std::vector<LeafRange> still_gone(const OpenedSpool& opened, const std::vector<LeafRange>& wanted) {
  std::vector<LeafRange> open;
  for (const LeafRange& range : wanted) {
    std::ranges::copy(outside_holes(known_holes(opened.state.positions), range), std::back_inserter(open));
  }
  std::vector<LeafRange> gone;
  for (const LeafRange& range : open) {
    for (std::uint64_t leaf = range.first; leaf <= range.last; ++leaf) {
      if (is_readable(*opened.database, leaf)) {
        continue;
      }
      if (gone.empty() || gone.back().last + 1 != leaf) {
        gone.push_back({leaf, leaf});
      }
      gone.back().last = leaf;
    }
  }
  return gone;
}

}  // namespace

std::uint64_t folder_bytes(const std::string& path) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path, error)) {
    const std::uint64_t size = entry.is_regular_file(error) ? entry.file_size(error) : 0;
    bytes += error || is_left_out(entry.path().filename()) ? 0 : size;
  }
  return bytes;
}

Result<FolderCopy> copy_spool(const std::string& path, const std::string& to) {
  FolderCopy done{.path = to};
  const Status copied = copy_folder(path, to, done);
  return copied ? Result(std::move(done)) : copied.error();
}

Result<std::vector<std::string>> repair_spool(const RocksSpoolSettings& settings, const SpoolCheck& check,
                                              Random& random, const Clock& clock) {
  const DatabaseSetup setup(settings);
  if (check.is_ids_damaged) {
    setup.suspect_tables();
  }
  Result<OpenedSpool> opened = open_at_start(setup, random, clock);
  if (!opened) {
    return opened.error();
  }
  if (opened->is_read_only) {
    return Error(ErrorKind::kFull, "the volume of the spool in " + settings.path + " has no room to repair it");
  }
  std::vector<std::string> words = std::move(opened->warnings);
  SpoolPositions& positions = opened->state.positions;
  for (const LeafRange& leaves : still_gone(*opened, check.to_lose)) {
    const UtcMicros now = clock.utc_now();
    const Loss loss = loss_of(*opened->database, opened->state.identity, leaves, {now, now});
    add_loss(positions, loss);
    words.push_back(loss_words(loss));
  }
  rocksdb::WriteBatch batch;
  put_losses(batch, opened->database->meta(), positions);
  const Status written = opened->database->write(batch, Durability::kSynced);
  SpoolStats ids;
  setup.tell(ids);
  if (ids.forgotten_ids > 0) {
    words.push_back(
        "the memory of ids was damaged and is begun anew: an event that is sent again may be taken again, "
        "and is a duplicate only for the stores");
  }
  return written ? Result(std::move(words)) : written.error();
}

}  // namespace twinlog
