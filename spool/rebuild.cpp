#include "spool/rebuild.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "ledger/base/kill_point.h"
#include "ledger/base/uuid.h"
#include "spool/database.h"
#include "spool/found_epochs.h"
#include "spool/layout.h"
#include "spool/rescue_meta.h"
#include "spool/spool_state.h"
#include "spool/upgrade.h"

namespace twinlog {
namespace {

/// Where RocksDB's repair puts what it cannot use; all of it lies aside, too.
void remove_unused(const DatabaseSetup& setup) {
  const std::string folder = setup.path() + "/lost/";
  std::vector<std::string> names;
  setup.env().GetChildren(folder, &names).PermitUncheckedError();
  for (const std::string& name : names) {
    setup.env().DeleteFile(folder + name).PermitUncheckedError();
  }
  setup.env().DeleteDir(folder).PermitUncheckedError();
}

/// Back to the tables that were set aside: what an opening or a rebuild that did not end has made since holds the same
/// events once more, and RocksDB refuses tables that overlap. The logs go for the same reason: its repair would make
/// tables of them beside those that were made of them before.
Status begin_from_aside(const DatabaseSetup& setup, const Aside& aside) {
  std::map<std::string, std::string> kept;
  for (const std::string& path : aside.tables()) {
    kept.emplace(path.substr(path.rfind('/') + 1), path);
  }
  std::vector<std::string> names;
  rocksdb::Status done = setup.env().GetChildren(setup.path(), &names);
  for (const std::string& name : names) {
    if (done.ok() && (name.ends_with(".log") || (name.ends_with(".sst") && !kept.contains(name)))) {
      done = setup.env().DeleteFile(setup.path() + "/" + name);
    }
    kept.erase(name);
  }
  for (const auto& [name, path] : kept) {
    done = done.ok() ? setup.env().LinkFile(path, setup.path() + "/" + name) : done;
  }
  return done.ok() ? Status()
                   : Status(database_error("the spool's database cannot be put together anew", setup.path(), done));
}

bool lacks(const Database& database, std::string_view key) {
  const Result<std::optional<std::string>> value = database.get_meta(key);
  return value && !value->has_value();
}

/// Makes anew what every spool knows of itself, and a table or log took with it.
Result<std::vector<std::string>> complete(Database& database, Random& random, const Clock& clock) {
  rocksdb::WriteBatch batch;
  const FoundEpochs found = complete_epochs(database, batch);
  if (lacks(database, kFormatKey)) {
    if (!found.first_number) {
      return std::vector<std::string>();  // Of a first start that was cut short: nothing is lost.
    }
    batch.Put(database.meta(), rocksdb::Slice(kFormatKey), format_value(kSpoolFormat));
  }
  if (lacks(database, epoch_key(0)) && lacks(database, kEpochIdKey)) {
    const Uuid epoch_id = found.without ? *found.without : uuid_v7(clock.utc_now(), random);
    batch.Put(database.meta(), epoch_key(0), rocksdb::Slice(as_text(epoch_id)));
  }
  if (lacks(database, kLogIdKeyKey)) {
    batch.Put(database.meta(), rocksdb::Slice(kLogIdKeyKey), new_log_id_key(random));
  }
  if (batch.Count() == 0) {
    return std::vector<std::string>();
  }
  if (found.first_number && lacks(database, kFirstKeptKey)) {
    batch.Put(database.meta(), rocksdb::Slice(kFirstKeptKey), number_value(*found.first_number));
  }
  const Status written = database.write(batch, Durability::kSynced);
  return written
             ? Result(std::vector<std::string>{
                   "what the spool knew of itself was damaged and is made anew: its stores are compared from the "
                   "first event that is left on; whether events before it are missing, which losses were on record, "
                   "and whether there were more dead letters, cannot be proved"})
             : written.error();
}

}  // namespace

Result<std::vector<std::string>> rebuild_database(const DatabaseSetup& setup, const Aside& aside, Random& random,
                                                  const Clock& clock) {
  TWINLOG_KILL_POINT("spool.before_rebuild");
  if (const Status begun = begin_from_aside(setup, aside); !begun) {
    return begun.error();
  }
  const rocksdb::Status repaired =
      rocksdb::RepairDB(setup.path(), setup.database_options(), setup.families(Compactions::kHeld));
  setup.take_warnings();  // Each file that it cannot use, which is not yet a loss.
  if (!repaired.ok()) {
    return database_error("the spool's database cannot be put together anew", setup.path(), repaired);
  }
  TWINLOG_KILL_POINT("spool.rebuilt");
  remove_unused(setup);
  const Status upgraded = upgrade_spool(setup);
  if (!upgraded && upgraded.error().kind() != ErrorKind::kCorrupt) {  // It may lack what is completed below.
    return upgraded.error();
  }
  Result<std::unique_ptr<Database>> database = Database::open(setup);
  if (!database) {
    return database.error();
  }
  const Status rescued = rescue_meta(**database, aside);
  return rescued ? complete(**database, random, clock) : rescued.error();
}

}  // namespace twinlog
