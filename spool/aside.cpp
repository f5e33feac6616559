#include "spool/aside.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <memory>

#include "spool/database.h"

namespace twinlog {
namespace {

constexpr std::string_view kBroken = "broken";

constexpr std::string_view kUnfinished = ".new";

bool is_of_a_database(const std::string& name) {
  return name == "CURRENT" || name == "IDENTITY" || name.starts_with("MANIFEST-") || name.starts_with("OPTIONS-") ||
         name.ends_with(".sst") || name.ends_with(".log");
}

std::string in(std::string folder, std::string_view name) {
  return folder.append("/").append(name);
}

void remove_folder(rocksdb::Env& env, const std::string& folder) {
  std::vector<std::string> names;
  env.GetChildren(folder, &names).PermitUncheckedError();
  for (const std::string& name : names) {
    env.DeleteFile(in(folder, name)).PermitUncheckedError();
  }
  env.DeleteDir(folder).PermitUncheckedError();  // Where it stays, the next opening takes it for a rest.
}

Error not_set_aside(const std::string& spool, const rocksdb::Status& why) {
  return database_error("what the spool consists of cannot be set aside before it is opened", spool, why);
}

/// A power loss must not leave the removals of an opening and take the second names.
rocksdb::Status sync_folder(rocksdb::Env& env, const std::string& folder) {
  std::unique_ptr<rocksdb::Directory> opened;
  const rocksdb::Status status = env.NewDirectory(folder, &opened);
  return status.ok() ? opened->Fsync() : status;
}

}  // namespace

Result<Aside> Aside::take(rocksdb::Env& env, const std::string& spool) {
  Aside aside(env, spool);
  if (env.FileExists(aside.folder()).ok()) {
    aside.is_left_over_ = true;
    rocksdb::Status durable = sync_folder(env, aside.folder());
    durable = durable.ok() ? sync_folder(env, spool) : durable;
    const Status listed = durable.ok() ? aside.list() : Status(not_set_aside(spool, durable));
    return listed ? Result(std::move(aside)) : listed.error();
  }
  // Under another name until it is whole: a death on the way leaves no half of it.
  const std::string unfinished = aside.folder() + std::string(kUnfinished);
  remove_folder(env, unfinished);
  std::vector<std::string> names;
  rocksdb::Status status = env.GetChildren(spool, &names);
  status = status.ok() ? env.CreateDir(unfinished) : status;
  for (const std::string& name : names) {
    if (status.ok() && is_of_a_database(name)) {
      status = env.LinkFile(in(spool, name), in(unfinished, name));
    }
  }
  status = status.ok() ? sync_folder(env, unfinished) : status;
  status = status.ok() ? env.RenameFile(unfinished, aside.folder()) : status;
  status = status.ok() ? sync_folder(env, spool) : status;
  if (!status.ok()) {
    remove_folder(env, unfinished);
    return not_set_aside(spool, status);
  }
  const Status listed = aside.list();
  return listed ? Result(std::move(aside)) : listed.error();
}

Status Aside::mark_broken() const {
  rocksdb::Status marked = rocksdb::WriteStringToFile(env_, "", folder() + "/" + std::string(kBroken), true);
  marked = marked.ok() ? sync_folder(*env_, folder()) : marked;
  return marked.ok() ? Status() : not_set_aside(spool_, marked);
}

bool Aside::is_broken() const {
  return env_->FileExists(folder() + "/" + std::string(kBroken)).ok();
}

/// Once: what the disk does not list now would count as gone.
Status Aside::list() {
  const rocksdb::Status listed = env_->GetChildren(folder(), &names_);
  return listed.ok() ? Status() : Status(not_set_aside(spool_, listed));
}

std::vector<std::string> Aside::with_suffix(std::string_view suffix) const {
  std::vector<std::string> names = names_;
  std::erase_if(names, [suffix](const std::string& name) { return !name.ends_with(suffix); });
  // RocksDB's numbers have six digits, and more when they need them.
  std::ranges::sort(names, [](const std::string& left, const std::string& right) {
    return left.size() != right.size() ? left.size() < right.size() : left < right;
  });
  for (std::string& name : names) {
    name = in(folder(), name);
  }
  return names;
}

std::vector<std::string> Aside::logs() const {
  return with_suffix(".log");
}

std::vector<std::string> Aside::tables() const {
  return with_suffix(".sst");
}

/// Durably: should it come back under its name after a power loss, the next opening would take it for what it set aside
/// itself, although events were promised since.
Status Aside::rename(const std::string& name) const {
  rocksdb::Status renamed = env_->RenameFile(folder(), name);
  renamed = renamed.ok() ? sync_folder(*env_, spool_) : renamed;
  return renamed.ok() ? Status() : Status(database_error("what was set aside cannot be renamed", spool_, renamed));
}

Status Aside::drop() {
  const std::string dropped = folder() + std::string(kUnfinished);
  remove_folder(*env_, dropped);
  Status renamed = rename(dropped);
  if (renamed.ok()) {
    remove_folder(*env_, dropped);
  }
  return renamed;
}

Result<std::string> Aside::keep(UtcMicros at) {
  std::string kept = in(spool_, std::string(kDamagedPrefix) + std::to_string(at));
  while (env_->FileExists(kept).ok()) {
    kept = in(spool_, std::string(kDamagedPrefix) + std::to_string(++at));
  }
  const Status renamed = rename(kept);
  return renamed ? Result(std::move(kept)) : renamed.error();
}

}  // namespace twinlog
