#include "spool/folder_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "ledger/base/kill_point.h"
#include "ledger/base/quantity_words.h"
#include "spool/aside.h"
#include "spool/volume.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBlock = 4096;  ///< Of a file's last one no more may be used than a byte.

/// What RocksDB only ever replaces, never writes in place once it is opened again: a second name is as good as a copy.
bool can_be_linked(const std::string& name) {
  return name == "CURRENT" || name == "IDENTITY" || name.starts_with("MANIFEST-") || name.starts_with("OPTIONS-") ||
         name.ends_with(".sst") || name.ends_with(".log");
}

bool is_left_out(const std::string& name) {
  return name == "ballast" || name == "LOCK";
}

fs::path unfinished_copy(const fs::path& path, const fs::path& to) {
  return to.parent_path() / ("unfinished-copy-of-" + path.filename().string());
}

Error copy_error(const fs::path& what, const std::error_code& error) {
  const ErrorKind kind = error == std::errc::no_space_on_device  ? ErrorKind::kFull
                         : error == std::errc::permission_denied ? ErrorKind::kRefused
                                                                 : ErrorKind::kTransient;
  return {kind, what.string() + " cannot be copied (" + error.message() + "); nothing in the spool was touched"};
}

Error last_error(const fs::path& what) {
  return copy_error(what, std::error_code(errno, std::generic_category()));
}

Status sync_path(const fs::path& path) {
  const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  Status synced = opened >= 0 && ::fsync(opened) == 0 ? Status() : Status(last_error(path));
  if (opened >= 0) {
    ::close(opened);
  }
  return synced;
}

class Copying {
 public:
  explicit Copying(const CheckProgress& progress) : progress_(progress) {}

  Status run(const fs::path& from, const fs::path& to) {
    Status done = link(from, to);
    done = done.ok() ? check_room(to) : done;
    TWINLOG_KILL_POINT("repair.before_copy");
    done = done.ok() ? copy() : done;
    TWINLOG_KILL_POINT("repair.before_sync");
    return done.ok() ? sync() : done;
  }
  std::uint64_t copied() const { return copied_; }

 private:
  struct Piece {
    fs::path from;
    fs::path to;
    std::uint64_t bytes = 0;
  };
  Status link(const fs::path& from, const fs::path& to);
  Status add(const fs::directory_entry& entry, const fs::path& to);
  Status check_room(const fs::path& to) const;
  Status copy();
  Status sync() const;

  const CheckProgress& progress_;
  std::vector<Piece> pieces_;  ///< That no link could be made of.
  std::vector<fs::path> all_;  ///< Files and folders of the copy, each folder behind what lies in it.
  std::uint64_t needed_ = 0;
  std::uint64_t copied_ = 0;
};

Status Copying::link(const fs::path& from, const fs::path& to) {
  if (::mkdir(to.c_str(), 0700) != 0) {
    return last_error(to);
  }
  std::error_code error;
  for (fs::directory_iterator at(from, error), end; !error && at != end; at.increment(error)) {
    if (Status added = add(*at, to / at->path().filename()); !added) {
      return added;
    }
  }
  all_.push_back(to);
  return error ? Status(copy_error(from, error)) : Status();
}

Status Copying::add(const fs::directory_entry& entry, const fs::path& to) {
  const std::string name = entry.path().filename();
  std::error_code error;
  const fs::file_status status = entry.symlink_status(error);
  if (fs::is_directory(status) && name == Aside::kFolder) {
    return link(entry.path(), to);
  }
  // Neither RocksDB nor we make anything else, and neither touches it.
  if (!fs::is_regular_file(status) || is_left_out(name)) {
    return error ? Status(copy_error(entry.path(), error)) : Status();
  }
  all_.push_back(to);
  if (can_be_linked(name)) {
    fs::create_hard_link(entry.path(), to, error);
    if (!error) {
      return {};
    }
    error.clear();
  }
  pieces_.push_back({entry.path(), to, entry.file_size(error)});
  needed_ += (pieces_.back().bytes + kBlock - 1) / kBlock * kBlock;
  return error ? Status(copy_error(entry.path(), error)) : Status();
}

Status Copying::check_room(const fs::path& to) const {
  std::error_code error;
  const fs::space_info space = fs::space(to, error);
  if (error || needed_ <= space.available) {
    return {};  // Where it cannot be told, the copying tells.
  }
  return Error(ErrorKind::kFull, "the copy of the spool that is kept as " + to.parent_path().string() + "/... takes " +
                                     bytes_words(needed_) + ", and the volume has " + bytes_words(space.available) +
                                     " free; make room there. Nothing in the spool was touched");
}

Status Copying::copy() {
  constexpr std::uint64_t kMebibyte = 1U << 20U;
  for (const Piece& piece : pieces_) {
    progress_("copying, in MiB", copied_ / kMebibyte, needed_ / kMebibyte);
    std::error_code error;
    if (!fs::copy_file(piece.from, piece.to, error)) {
      return copy_error(piece.from, error);
    }
    copied_ += piece.bytes;
  }
  return {};
}

Status Copying::sync() const {
  std::uint64_t done = 0;
  for (const fs::path& path : all_) {
    progress_("syncing the files of the copy", done++, all_.size());
    if (Status synced = sync_path(path); !synced) {
      return synced;
    }
  }
  return {};
}

}  // namespace

std::string copy_path(const std::string& path, UtcMicros now) {
  std::error_code error;
  return path +
         (is_mount_point(fs::absolute(path, error)) ? "/" + std::string(kDamagedPrefix)
                                                    : std::string(".before-repair-")) +
         std::to_string(now);
}

std::uint64_t folder_bytes(const std::string& path) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    const std::uint64_t size = at->is_regular_file(gone) ? at->file_size(gone) : 0;
    bytes += gone || is_left_out(at->path().filename()) ? 0 : size;
  }
  return bytes;
}

Result<FolderCopy> copy_spool(const std::string& path, const std::string& to, const CheckProgress& progress) {
  const fs::path unfinished = unfinished_copy(path, to);
  std::error_code error;
  fs::remove_all(unfinished, error);
  Copying copying(progress);
  Status done = copying.run(path, unfinished);
  if (done.ok() && ::rename(unfinished.c_str(), to.c_str()) != 0) {
    done = last_error(to);
  }
  TWINLOG_KILL_POINT("repair.after_copy");
  done = done.ok() ? sync_path(fs::absolute(to, error).parent_path()) : done;
  if (!done) {
    fs::remove_all(unfinished, error);
    return done.error();
  }
  return FolderCopy{.path = to, .copied_bytes = copying.copied()};
}

}  // namespace twinlog
