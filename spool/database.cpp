#include "spool/database.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "spool/layout.h"
#include "spool/missing_files.h"

namespace twinlog {
namespace {

bool mentions(const rocksdb::Status& status, std::string_view words) {
  return status.ToString().find(words) != std::string::npos;
}

Error open_error(const std::string& path, const rocksdb::Status& status) {
  // The words of EAGAIN and EACCES, with which fcntl() tells of another's lock, or RocksDB's own of one in this
  // process.
  const bool is_held = mentions(status, "Resource temporarily unavailable") || mentions(status, "lock hold by");
  const bool is_refused = status.IsIOError() && mentions(status, "While lock file");
  if (is_refused && !is_held && !mentions(status, "Permission denied")) {
    return no_locks_error(path, status.ToString());
  }
  if (status.IsIOError() && is_held) {
    return {ErrorKind::kRefused, "the spool in " + path +
                                     " is in use by another process; stop the other agent or give this one a folder of "
                                     "its own (spool.path)"};
  }
  if (status.IsIOError() && mentions(status, "Permission denied")) {
    return {ErrorKind::kRefused, "the spool in " + path + " cannot be opened (" + status.ToString() +
                                     "); give the folder and its files to the user that runs the agent"};
  }
  // RocksDB calls a table corrupt, too, that the disk does not give it now; a MANIFEST that is gone it does not.
  const bool is_gone = mentions(status, "No such file");
  if (status.IsCorruption() && mentions(status, "IO error") && !is_gone) {
    return database_error("the spool cannot be opened", path, rocksdb::Status::IOError(status.ToString()));
  }
  if (is_gone && mentions(status, "/MANIFEST-")) {
    return database_error("the spool cannot be opened", path, rocksdb::Status::Corruption(status.ToString()));
  }
  return database_error("the spool cannot be opened", path, status);
}

/// What a database leaves in its folder, and a first start that was cut short does not.
bool is_of_a_database(const std::string& name) {
  return name.ends_with(".sst") || name.ends_with(".log") || name == "promised" ||
         (name.starts_with("MANIFEST-") && name != "MANIFEST-000001");
}

/// Where CURRENT is missing RocksDB would begin a new database, which removes the tables of the old one.
Status may_be_created(const DatabaseSetup& setup) {
  std::vector<std::string> names;
  const rocksdb::Status listed = setup.env().GetChildren(setup.path(), &names);
  if (listed.IsNotFound() || std::ranges::find(names, "CURRENT") != names.end() ||
      std::ranges::none_of(names, is_of_a_database)) {
    return {};
  }
  return Error(ErrorKind::kCorrupt,
               "the spool in " + setup.path() + " has lost its file CURRENT, without which its events cannot be read");
}

/// Opening makes families that are missing one after the other, and syncs the manifest after each: together they are
/// made a little sooner (two of 65 ms).
rocksdb::Status create(const rocksdb::DBOptions& options, const std::string& path,
                       const std::vector<rocksdb::ColumnFamilyDescriptor>& families,
                       std::vector<rocksdb::ColumnFamilyHandle*>& handles, rocksdb::DB*& database) {
  std::vector<rocksdb::ColumnFamilyHandle*> others;
  rocksdb::Status status = rocksdb::DB::Open(options, path, {families.front()}, &handles, &database);
  if (!status.ok()) {
    return status;
  }
  status = database->CreateColumnFamilies({families.begin() + 1, families.end()}, &others);
  std::ranges::move(others, std::back_inserter(handles));
  if (!status.ok()) {
    for (rocksdb::ColumnFamilyHandle* family : handles) {
      database->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    }
    delete std::exchange(database, nullptr);
  }
  return status;
}

}  // namespace

Error no_locks_error(const std::string& path, const std::string& cause) {
  return {ErrorKind::kRefused, "locks do not work on the volume of the spool in " + path + " (" + cause +
                                   "); use a local volume, or mount this one with locks"};
}

Error database_error(std::string_view what, const std::string& path, const rocksdb::Status& status) {
  const std::string words = std::string(what) + ", in " + path + " (" + status.ToString() + ")";
  if (status.IsCorruption()) {
    return {ErrorKind::kCorrupt, words + "; keep a copy of the folder, then check the disk"};
  }
  if (status.IsNoSpace()) {
    return {ErrorKind::kFull, words + "; make room on the volume"};
  }
  if (mentions(status, "quota exceeded")) {  // RocksDB knows EDQUOT by its words alone, EFBIG, too.
    return {ErrorKind::kFull, words + "; raise the quota of the user that runs the agent, or make room in it"};
  }
  if (mentions(status, "File too large")) {
    return {ErrorKind::kTransient,
            words + "; raise the limit on the size of files for the agent (ulimit -f, LimitFSIZE=)"};
  }
  return {ErrorKind::kTransient, words + "; check the volume and its mount"};
}

Result<std::unique_ptr<Database>> Database::open(const DatabaseSetup& setup, FamiliesOf format) {
  if (const Status may = may_be_created(setup); !may) {
    return may.error();
  }
  // What a compaction met is looked at before the next one meets it again.
  const bool is_suspect = setup.has_corrupt_table();
  rocksdb::DBOptions options = setup.database_options();
  std::vector<rocksdb::ColumnFamilyDescriptor> families =
      setup.families(is_suspect ? Compactions::kHeld : Compactions::kRun);
  if (format == FamiliesOf::kFormat1) {
    families.erase(families.begin() + DatabaseSetup::kFamiliesOfFormat1, families.end());
  }
  rocksdb::DB* database = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status status = setup.env().FileExists(setup.path() + "/CURRENT").IsNotFound()
                                     ? create(options, setup.path(), families, handles, database)
                                     : rocksdb::DB::Open(options, setup.path(), families, &handles, &database);
  if (!status.ok()) {
    return open_error(setup.path(), status);
  }
  std::unique_ptr<Database> opened(new Database(setup, std::unique_ptr<rocksdb::DB>(database), std::move(handles)));
  if (is_suspect) {
    if (const Status mended = opened->forget_unreadable_ids(); !mended) {
      return mended.error();
    }
  }
  return opened;
}

Result<std::unique_ptr<Database>> Database::open_for_reading(const DatabaseSetup& setup) {
  std::vector<std::string> there;
  const rocksdb::DBOptions options = setup.database_options();
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, setup.path(), &there);
  std::vector<rocksdb::ColumnFamilyDescriptor> families = setup.families(Compactions::kRun);
  while (status.ok() && families.size() > DatabaseSetup::kFamiliesOfFormat1 &&
         std::ranges::find(there, families.back().name) == there.end()) {
    families.pop_back();
  }
  rocksdb::DB* database = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  status = status.ok() ? rocksdb::DB::OpenForReadOnly(options, setup.path(), families, &handles, &database) : status;
  if (!status.ok()) {
    return open_error(setup.path(), status);
  }
  return std::unique_ptr<Database>(new Database(setup, std::unique_ptr<rocksdb::DB>(database), std::move(handles)));
}

std::optional<std::uint32_t> Database::peek_format(const DatabaseSetup& setup) {
  rocksdb::DBOptions options = setup.database_options();
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::OpenForReadOnly(rocksdb::Options(options, rocksdb::ColumnFamilyOptions()), setup.path(), &opened)
           .ok()) {
    return std::nullopt;
  }
  const std::unique_ptr<rocksdb::DB> database(opened);
  std::string value;
  if (!database->Get(rocksdb::ReadOptions(), rocksdb::Slice(kFormatKey), &value).ok()) {
    return std::nullopt;
  }
  return format_from(value);
}

Database::Database(const DatabaseSetup& setup, std::unique_ptr<rocksdb::DB> database,
                   std::vector<rocksdb::ColumnFamilyHandle*> families)
    : setup_(setup), database_(std::move(database)), families_(std::move(families)) {}

Database::~Database() {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    database_->DestroyColumnFamilyHandle(family);  // Fails only for a null handle.
  }
}

Status Database::write(rocksdb::WriteBatch& batch, Durability durability) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSynced;
  const rocksdb::Status status = database_->Write(options, &batch);
  if (!status.ok()) {
    return database_error("the spool cannot be written", setup_.path(), status);
  }
  return {};
}

Status Database::sync() {
  const rocksdb::Status status = database_->FlushWAL(true);
  if (!status.ok()) {
    return database_error("the spool cannot be synced", setup_.path(), status);
  }
  return {};
}

Result<std::optional<std::string>> Database::get(rocksdb::ColumnFamilyHandle* family, std::string_view key) const {
  std::string value;
  const rocksdb::Status status = database_->Get(rocksdb::ReadOptions(), family, key, &value);
  if (status.IsNotFound()) {
    return std::optional<std::string>();
  }
  if (!status.ok()) {
    return database_error("the spool cannot be read", setup_.path(), status);
  }
  return std::optional(std::move(value));
}

Result<std::vector<std::pair<std::string, std::string>>> Database::meta_entries(std::string_view prefix) const {
  std::vector<std::pair<std::string, std::string>> entries;
  const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator(rocksdb::ReadOptions(), meta()));
  for (at->Seek(rocksdb::Slice(prefix)); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    entries.emplace_back(at->key().ToString(), at->value().ToString());
  }
  if (!at->status().ok()) {
    return database_error("the spool cannot be read", setup_.path(), at->status());
  }
  return entries;
}

std::optional<std::string> Database::get_id(const std::string& key) const {
  return std::move(get_ids({&key, 1}).front());
}

std::vector<std::optional<std::string>> Database::get_ids(std::span<const std::string> keys) const {
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  database_->MultiGet(rocksdb::ReadOptions(), ids(), slices.size(), slices.data(), found.data(), statuses.data());
  std::vector<std::optional<std::string>> values(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) {
      values[i] = found[i].ToString();
    } else if (!statuses[i].IsNotFound()) {
      setup_.note_unreadable_id();
    }
  }
  return values;
}

Status Database::forget_unreadable_ids() {
  rocksdb::ReadOptions once;
  once.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> each(database_->NewIterator(once, ids()));
  each->SeekToFirst();
  while (each->Valid()) {
    each->Next();
  }
  if (each->status().IsCorruption()) {
    return forget_ids();
  }
  if (!each->status().ok()) {
    return database_error("the spool's memory of ids cannot be read", setup_.path(), each->status());
  }
  setup_.tables_are_whole();
  return let_compact(ids());
}

Status Database::forget_ids() {
  Status begun = begin_anew(DatabaseSetup::kIdsPlace);
  if (begun.ok()) {
    setup_.note_forgotten_ids();
  }
  return begun;
}

Status Database::begin_anew(std::size_t place) {
  rocksdb::ColumnFamilyHandle*& held = families_.at(place);
  rocksdb::Status status = database_->DropColumnFamily(held);
  if (status.ok()) {  // Should we die here, the next opening makes what is missing.
    const rocksdb::ColumnFamilyDescriptor wanted = setup_.families(Compactions::kRun).at(place);
    rocksdb::ColumnFamilyHandle* made = nullptr;
    status = database_->CreateColumnFamily(wanted.options, wanted.name, &made);
    if (status.ok()) {
      database_->DestroyColumnFamilyHandle(held);
      held = made;
    }
  }
  if (!status.ok()) {
    return database_error("a damaged table of the spool cannot be replaced", setup_.path(), status);
  }
  return {};
}

Status Database::let_compact(rocksdb::ColumnFamilyHandle* family) {
  const rocksdb::Status status = database_->SetOptions(family, {{"disable_auto_compactions", "false"}});
  return status.ok() ? Status() : Status(database_error("the spool cannot be tidied", setup_.path(), status));
}

std::unique_ptr<rocksdb::Iterator> Database::iterate(rocksdb::ColumnFamilyHandle* family) const {
  // A backlog is read once, from one end to the other: kept in the cache it would only make the process larger while a
  // store catches up, and push out what commits look up in `ids`.
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  return std::unique_ptr<rocksdb::Iterator>(database_->NewIterator(options, family));
}

std::unique_ptr<rocksdb::Iterator> Database::iterate_events() const {
  return iterate(events());
}

Result<std::optional<std::string>> Database::get_event(std::uint64_t leaf) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  std::string value;
  const rocksdb::Status status = database_->Get(options, events(), event_key(leaf), &value);
  if (status.IsNotFound()) {
    return std::optional<std::string>();
  }
  if (!status.ok()) {
    return database_error("event " + std::to_string(leaf) + " cannot be read from the spool", setup_.path(), status);
  }
  return std::optional(std::move(value));
}

bool Database::has_event(std::uint64_t leaf) const {
  const Result<std::optional<std::string>> found = get_event(leaf);
  return found && found->has_value();
}

std::set<std::string> Database::table_names() const {
  std::vector<rocksdb::LiveFileMetaData> files;
  database_->GetLiveFilesMetaData(&files);
  std::set<std::string> names;
  for (const rocksdb::LiveFileMetaData& file : files) {
    names.insert(file.name.substr(file.name.find_first_not_of('/')));
  }
  return names;
}

Result<std::uint64_t> Database::last_leaf() const {
  const std::unique_ptr<rocksdb::Iterator> last = iterate_events();
  last->SeekToLast();
  std::string key = last->Valid() ? last->key().ToString() : "";
  if (last->status().IsCorruption()) {
    std::vector<rocksdb::LiveFileMetaData> files;
    database_->GetLiveFilesMetaData(&files);
    for (const rocksdb::LiveFileMetaData& file : files) {
      key = file.column_family_name == kEventsFamily ? std::max(key, file.largestkey) : key;
    }
  } else if (!last->status().ok()) {
    return database_error("the last event of the spool cannot be read", setup_.path(), last->status());
  }
  if (key.empty()) {
    return std::uint64_t{0};
  }
  const std::optional<std::uint64_t> leaf = leaf_of_event_key(key);
  if (!leaf) {
    return Error(ErrorKind::kCorrupt,
                 "the spool in " + setup_.path() + " holds an event under a key that is no number");
  }
  return *leaf;
}

Status Database::drop_files_below(std::uint64_t first_kept) {
  const std::string end = event_key(first_kept);
  const rocksdb::Slice end_slice(end);
  for (rocksdb::ColumnFamilyHandle* family : {events(), leaves()}) {
    const rocksdb::Status status =
        rocksdb::DeleteFilesInRange(database_.get(), family, nullptr, &end_slice, /*include_end=*/false);
    if (!status.ok()) {
      return database_error("trimmed files of the spool cannot be removed", setup_.path(), status);
    }
  }
  return {};
}

std::uint64_t Database::live_table_bytes() const {
  std::uint64_t all = 0;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    std::uint64_t bytes = 0;
    if (database_->GetIntProperty(family, rocksdb::DB::Properties::kLiveSstFilesSize, &bytes)) {
      all += bytes;
    }
  }
  return all;
}

bool Database::has_background_error() const {
  std::uint64_t errors = 0;
  return database_->GetIntProperty(rocksdb::DB::Properties::kBackgroundErrors, &errors) && errors > 0;
}

std::string Database::missing() const {
  return missing_files(*database_);
}

}  // namespace twinlog
