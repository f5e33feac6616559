#include "plugins/postgres/record_group.h"

#include <charconv>
#include <set>
#include <string>
#include <utility>

#include "plugins/postgres/ledger_row.h"
#include "plugins/postgres/ledger_tables.h"
#include "plugins/postgres/transaction.h"

namespace twinlog::postgres {
namespace {

/// Rows of `table` whose keys are among $1, $2, in order of key.
std::string select_of(std::string_view table, std::string_view suffix) {
  const std::string name(table);
  return "SELECT " + ledger_columns(table) + " FROM " + name +
         " JOIN unnest($1::text[], $2::text[]) AS k(key_tenant_id, key_log_id) ON tenant_id = key_tenant_id "
         "AND log_id = key_log_id ORDER BY tenant_id, log_id" +
         std::string(suffix);
}

/// Whatever is odd about a row: its values go all the same, and `twinlog verify` names it before and after.
void take_versions(const Rows& rows, std::string_view table, RecordGroups& groups) {
  for (int row = 0; row < rows.count(); ++row) {
    LedgerRow read = read_version_row(Tuple::of(rows, row));
    read.is_conflict = table == kConflicts;
    const EventKey key{read.version.event.tenant_id, read.version.event.log_id};
    const auto found = groups.find(key);
    if (!read.is_conflict) {
      groups[key].rows.push_back(std::move(read));
    } else if (found != groups.end()) {
      found->second.rows.push_back(std::move(read));
    }
  }
}

void take_leaves(const Rows& rows, RecordGroups& groups) {
  for (int row = 0; row < rows.count(); ++row) {
    auto read = read_leaf_row(Tuple::of(rows, row));
    if (!read.row) {
      continue;
    }
    const auto found = groups.find({*read.row->tenant_id, *read.row->log_id});
    if (found != groups.end()) {
      found->second.further.push_back(std::move(*read.row));
    }
  }
}

}  // namespace

std::vector<Parameter> key_parameters(std::span<const EventKey> keys) {
  const std::set<EventKey> each_once(keys.begin(), keys.end());
  ArrayBuilder tenants(kText);
  ArrayBuilder log_ids(kText);
  for (const EventKey& key : each_once) {
    tenants.bytes(key.tenant_id);
    log_ids.bytes(key.log_id);
  }
  return {tenants.take(), log_ids.take()};
}

std::uint64_t touched(const Rows& rows) {
  const std::string_view tag = rows.tag();
  const std::size_t space = tag.rfind(' ');
  std::uint64_t count = 0;
  if (space != std::string_view::npos) {
    std::from_chars(tag.data() + space + 1, tag.data() + tag.size(), count);
  }
  return count;
}

StoreResult<RecordGroups> read_groups(Connection& connection, std::span<const EventKey> keys, GroupLock lock) {
  const bool is_locked = lock == GroupLock::kForUpdate;
  const std::string records = select_of(kRecords, is_locked ? " FOR UPDATE OF auth_logs" : "");
  const std::string conflicts = select_of(kConflicts, ", content_hash");
  const std::string further = select_of(kLedgerLeaves, ", epoch_id, leaf_index");
  const std::vector<Parameter> parameters = key_parameters(keys);
  // Statements of their own: they see what was committed while the first waited.
  const Statement statements[] = {{records, parameters}, {conflicts, parameters}, {further, parameters}};
  auto read = connection.run(statements, kFlushLimit);
  if (!read) {
    return std::move(read).error();
  }
  RecordGroups groups;
  take_versions(read->at(0), kRecords, groups);
  take_versions(read->at(1), kConflicts, groups);
  take_leaves(read->at(2), groups);
  return groups;
}

}  // namespace twinlog::postgres
