#include "spool/upgrade.h"

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "ledger/base/kill_point.h"
#include "spool/database.h"
#include "spool/layout.h"
#include "spool/spool_state.h"

namespace twinlog {
namespace {

/// Neither of the new families is there. Where one is, the format was written before, and the next opening makes the
/// other: a death between the two leaves the first of them, a database that was put together anew maybe the second.
bool lacks_families(const DatabaseSetup& setup) {
  std::vector<std::string> there;
  return rocksdb::DB::ListColumnFamilies(setup.database_options(), setup.path(), &there).ok() &&
         std::ranges::find(there, kLeavesFamily) == there.end() &&
         std::ranges::find(there, kDeadLettersFamily) == there.end();
}

/// Format 1 kept the end of what it skipped alone. Where events lie on both sides, the rest of it is known.
std::optional<LeafRange> skipped_range(const Database& database, std::uint64_t skipped_to) {
  const std::unique_ptr<rocksdb::Iterator> at = database.iterate_events();
  at->Seek(event_key(skipped_to + 1));
  if (skipped_to == 0 || !at->Valid()) {
    return std::nullopt;  // Nothing was skipped yet: the next commit does, and says so.
  }
  at->Prev();
  const auto before = at->Valid() ? leaf_of_event_key(at->key().ToStringView()) : std::nullopt;
  const std::uint64_t first = before.value_or(0) + 1;
  return first <= skipped_to ? std::optional(LeafRange{first, skipped_to}) : std::nullopt;
}

void put_upgrade_of_format1(rocksdb::WriteBatch& batch, const Database& database, const SpoolState& state) {
  batch.Put(database.meta(), epoch_key(0), rocksdb::Slice(as_text(state.identity.epoch_id)));
  batch.Delete(database.meta(), rocksdb::Slice(kEpochIdKey));
  if (const auto skipped = skipped_range(database, state.positions.skipped_to)) {
    batch.Put(database.meta(), skipped_key(*skipped), "");
  }
}

}  // namespace

Status upgrade_spool(const DatabaseSetup& setup) {
  if (!lacks_families(setup)) {
    return {};
  }
  const Result<std::unique_ptr<Database>> opened = Database::open(setup, FamiliesOf::kFormat1);
  return opened ? upgrade_database(setup, **opened) : opened.error();
}

Status upgrade_database(const DatabaseSetup& setup, Database& database) {
  const Result<std::optional<SpoolState>> state = read_state(setup, database);
  if (!state) {
    return state.error();
  }
  if (!state->has_value() || (*state)->format == kSpoolFormat) {
    return {};  // A first start, or an upgrade, that was cut short.
  }
  TWINLOG_KILL_POINT("spool.before_upgrade");
  rocksdb::WriteBatch batch;
  batch.Put(database.meta(), rocksdb::Slice(kFormatKey), format_value(kSpoolFormat));
  if ((*state)->format == 1) {
    put_upgrade_of_format1(batch, database, **state);
  }
  Status written = database.write(batch, Durability::kSynced);
  TWINLOG_KILL_POINT("spool.after_upgrade");
  return written;
}

}  // namespace twinlog
