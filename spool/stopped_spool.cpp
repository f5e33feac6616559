#include "spool/stopped_spool.h"

#include <fcntl.h>
#include <rocksdb/version.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "spool/database.h"
#include "spool/holes.h"
#include "spool/items.h"
#include "spool/layout.h"
#include "spool/letter_keeper.h"
#include "spool/rocks_spool.h"
#include "spool/spool_state.h"

namespace twinlog {
namespace {

Error cannot_look(const std::string& path, int error) {
  return {ErrorKind::kRefused, "the spool in " + path + " cannot be read (" + std::generic_category().message(error) +
                                   "); run this as the user that runs the agent, or as root"};
}

class Reader final : public StoppedSpool {
 public:
  Reader(std::unique_ptr<DatabaseSetup> setup, std::unique_ptr<Database> database, SpoolState state,
         std::uint64_t folder_bytes)
      : setup_(std::move(setup)),
        database_(std::move(database)),
        state_(std::move(state)),
        letters_(state_.dead_letters, 0),
        folder_bytes_(folder_bytes) {}

  StoppedSpoolFacts facts() const override {
    StoppedSpoolFacts facts{.epoch_id = state_.epochs.newest(),
                            .format = state_.format,
                            .first_kept_leaf = state_.positions.first_kept,
                            .last_leaf = state_.last_leaf,
                            .own_leaves = state_.epochs.own_in({state_.positions.first_kept, state_.last_leaf}),
                            .newest_event = state_.epochs.newest_other(state_.last_leaf),
                            .cursors = state_.positions.cursors,
                            .incomplete_since = state_.positions.incomplete_since,
                            .folder_bytes = folder_bytes_};
    for (std::size_t store = 0; store < kStores; ++store) {
      const LeafRange above{facts.cursors.at(store) + 1, facts.last_leaf};
      const std::uint64_t all = above.last < above.first ? 0 : above.last - above.first + 1;
      facts.waiting.at(store) = all - state_.epochs.own_in(above);
    }
    return facts;
  }
  Result<std::vector<Version>> read(std::uint64_t after, std::size_t most_events,
                                    std::size_t most_bytes) const override {
    const std::uint64_t first =
        beyond_holes(known_holes(state_.positions), first_after(after, state_.positions.first_kept));
    return read_versions(*database_, {first, state_.last_leaf, most_events, most_bytes});
  }
  Result<std::vector<DeadLetter>> dead_letters(StoreId store, std::uint64_t after, std::size_t most) const override {
    return letters_.list(*database_, store, after, most);
  }

 private:
  const std::unique_ptr<DatabaseSetup> setup_;
  const std::unique_ptr<Database> database_;
  const SpoolState state_;
  const LetterKeeper letters_;
  const std::uint64_t folder_bytes_;
};

}  // namespace

Result<SpoolUse> spool_use(const std::string& path) {
  const std::string lock_file = path + "/LOCK";
  const int descriptor = ::open(lock_file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return errno == ENOENT || errno == ENOTDIR ? Result(SpoolUse::kAbsent) : cannot_look(path, errno);
  }
  struct flock lock {};
  lock.l_type = F_RDLCK;  // Would this be refused? Nothing is locked by asking.
  lock.l_whence = SEEK_SET;
  const int asked = ::fcntl(descriptor, F_GETLK, &lock);
  const int error = errno;
  ::close(descriptor);
  if (asked != 0) {
    return no_locks_error(path, std::generic_category().message(error));
  }
  return lock.l_type == F_UNLCK ? SpoolUse::kFree : SpoolUse::kInUse;
}

Error no_spool_error(const std::string& path) {
  return {ErrorKind::kRefused, "there is no spool in " + path};
}

Status check_stopped(const std::string& path) {
  const Result<SpoolUse> use = spool_use(path);
  if (!use) {
    return use.error();
  }
  if (*use == SpoolUse::kAbsent) {
    return no_spool_error(path);
  }
  if (*use == SpoolUse::kInUse) {
    return Error(ErrorKind::kRefused, "an agent has the spool in " + path + " open; ask it through its admin socket");
  }
  return {};
}

Status check_owner(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    return cannot_look(path, errno);
  }
  if (found.st_uid == ::geteuid()) {
    return {};
  }
  const std::string owner = std::to_string(found.st_uid);
  return Error(ErrorKind::kRefused, "the spool in " + path + " belongs to the user " + owner +
                                        ", who could not read what this one writes; run this as that user (setpriv "
                                        "--reuid=" +
                                        owner + " --clear-groups ..)");
}

Result<std::unique_ptr<StoppedSpool>> open_stopped_spool(const std::string& path) {
  if (const Status free = check_stopped(path); !free) {
    return free.error();
  }
  auto setup = std::make_unique<DatabaseSetup>(RocksSpoolSettings{.path = path, .agent = ""});
  Result<std::unique_ptr<Database>> database = Database::open_for_reading(*setup);
  if (!database) {
    return explain_unopened(*setup, database.error());
  }
  Result<std::optional<SpoolState>> state = read_state(*setup, **database);
  if (!state) {
    return state.error();
  }
  if (!state->has_value()) {
    return Error(ErrorKind::kRefused, "the spool in " + path + " has not been used yet");
  }
  const Result<Database::FolderBytes> bytes = (*database)->folder_bytes();
  if (!bytes) {
    return bytes.error();
  }
  return std::unique_ptr<StoppedSpool>(
      std::make_unique<Reader>(std::move(setup), std::move(*database), std::move(**state), bytes->all));
}

std::string rocksdb_version() {
  return rocksdb::GetRocksVersionAsString(true);
}

}  // namespace twinlog
