#include "plugins/postgres/record_rows.h"

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/postgres/columns.h"

namespace twinlog::postgres {
namespace {

constexpr std::string_view kMarkConflicts =
    "UPDATE auth_logs l SET has_conflict = true FROM unnest($1::text[], $2::text[]) AS k(tenant_id, log_id) "
    "WHERE l.tenant_id = k.tenant_id AND l.log_id = k.log_id AND NOT l.has_conflict";

constexpr std::string_view kCountUnmarked =
    "SELECT count(*) FROM unnest($1::text[], $2::text[]) AS k(tenant_id, log_id) "
    "JOIN auth_logs l ON l.tenant_id = k.tenant_id AND l.log_id = k.log_id WHERE NOT l.has_conflict";

// What a record holds that the insert did not name; and whether the upsert should have marked it and did not.
constexpr std::string_view kLookUp =
    "SELECT a.tenant_id, a.log_id, a.content_hash, coalesce(a.content_hash <> k.content_hash, false) "
    "AND NOT a.has_conflict FROM unnest($1::text[], $2::text[], $3::bytea[]) AS k(tenant_id, log_id, content_hash) "
    "JOIN auth_logs a ON a.tenant_id = k.tenant_id AND a.log_id = k.log_id";
constexpr std::string_view kLookUpConflicts =
    "SELECT count(*) FROM unnest($1::text[], $2::text[], $3::bytea[]) AS k(tenant_id, log_id, content_hash) "
    "JOIN auth_log_conflicts c ON c.tenant_id = k.tenant_id AND c.log_id = k.log_id "
    "AND c.content_hash = k.content_hash";

// A row comes back where it was inserted (with the hash that was sent) or where another content lies already for the
// first time (with that one's hash). Nothing else of a record is ever updated.
const std::string& insert_records() {
  static const std::string sql =
      insert_head("auth_logs") +
      "ON CONFLICT (tenant_id, log_id) DO UPDATE SET has_conflict = true WHERE t.content_hash <> EXCLUDED.content_hash "
      "AND NOT t.has_conflict "
      "RETURNING tenant_id, log_id, content_hash";
  return sql;
}

const std::string& insert_conflicts() {
  static const std::string sql =
      insert_head("auth_log_conflicts") +
      "ON CONFLICT (tenant_id, log_id, content_hash) DO NOTHING RETURNING tenant_id, log_id, content_hash";
  return sql;
}

std::vector<Parameter> key_arrays(const std::vector<const Version*>& versions) {
  ArrayBuilder tenants(kText);
  ArrayBuilder log_ids(kText);
  for (const Version* version : versions) {
    tenants.bytes(version->event.tenant_id);
    log_ids.bytes(version->event.log_id);
  }
  return {tenants.take(), log_ids.take()};
}

std::vector<Parameter> version_arrays(const std::vector<const Version*>& versions) {
  std::vector<Parameter> parameters = key_arrays(versions);
  ArrayBuilder hashes(kBytea);
  for (const Version* version : versions) {
    hashes.bytes(as_text(version->content_hash));
  }
  parameters.push_back(hashes.take());
  return parameters;
}

}  // namespace

StoreError dropped_from(std::string_view table) {
  return {.reaction = Reaction::kHold,
          .code = "",
          .constraint = "",
          .words = "a trigger or rule of the table " + std::string(table) +
                   " dropped rows that this agent wrote; drop it, or let it keep every row: the events wait in the "
                   "spool, none is lost"};
}

StoreResult<std::vector<Rows>> RecordRows::insert(std::vector<Statement> before) {
  if (plan_.keys().empty()) {
    return connection_.run(before, deadline_.left());
  }
  before.push_back({insert_records(), column_arrays(plan_.firsts())});
  auto result = connection_.run(before, deadline_.left());
  if (!result) {
    return at(StoreStage::kRecords, std::move(result).error());
  }
  const Rows& touched = result->back();
  for (int row = 0; row < touched.count(); ++row) {
    const auto stored = array_from<sizeof(Digest)>(touched.value(row, 2));
    plan_.note_record(touched.value(row, 0), touched.value(row, 1), stored.value_or(Digest{}));
  }
  inserted_ = plan_.inserted();
  return result;
}

StoreStatus RecordRows::finish() {
  if (auto failure = at(StoreStage::kRecords, look_up_unnamed())) {
    return failure;
  }
  return at(StoreStage::kConflicts, write_conflicts());
}

/// What was not inserted must be there: else the database took the rows and kept none.
StoreStatus RecordRows::look_up_unnamed() {
  const std::vector<const Version*> unnamed = plan_.unnamed();
  if (unnamed.empty()) {
    return std::nullopt;
  }
  auto result = connection_.run_one({kLookUp, version_arrays(unnamed)}, deadline_.left());
  if (!result) {
    return std::move(result).error();
  }
  const Rows& rows = *result;
  bool is_a_mark_lost = false;
  for (int row = 0; row < rows.count(); ++row) {
    const auto stored = rows.is_null(row, 2) ? std::nullopt : array_from<sizeof(Digest)>(rows.value(row, 2));
    plan_.note_older_record(rows.value(row, 0), rows.value(row, 1), stored);
    is_a_mark_lost |= bool_value(rows.value(row, 3));
  }
  const std::size_t lost = plan_.unnamed().size();
  if (lost == 0 && !is_a_mark_lost) {
    return std::nullopt;
  }
  swallowed_ = lost == plan_.keys().size() ? Swallowed::kAll : Swallowed::kSome;
  return dropped_from("auth_logs");
}

StoreError RecordRows::swallowed_by(std::string_view table) {
  swallowed_ = Swallowed::kSome;
  return dropped_from(table);
}

StoreStatus RecordRows::write_conflicts() {
  const std::vector<const Version*> candidates = plan_.conflicts();
  if (candidates.empty()) {
    return std::nullopt;
  }
  const std::vector<const Version*> to_mark = plan_.firsts_with_other_contents();
  const Statement statements[] = {{kMarkConflicts, key_arrays(to_mark)},
                                  {kCountUnmarked, key_arrays(to_mark)},
                                  {insert_conflicts(), column_arrays(candidates)}};
  auto result = connection_.run(statements, deadline_.left());
  if (!result) {
    return std::move(result).error();
  }
  if (int8_value(result->at(1).value(0, 0)) != 0) {
    return swallowed_by("auth_logs");
  }
  using Key = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<Key, const Version*> by_key;
  for (const Version* version : candidates) {
    by_key[{version->event.tenant_id, version->event.log_id, as_text(version->content_hash)}] = version;
  }
  TWINLOG_KILL_POINT("postgres.after_conflicts");
  const Rows& inserted = result->back();
  for (int row = 0; row < inserted.count(); ++row) {
    const auto found = by_key.find({inserted.value(row, 0), inserted.value(row, 1), inserted.value(row, 2)});
    if (found != by_key.end()) {
      inserted_.push_back(found->second);
      ++conflicts_;
      by_key.erase(found);
    }
  }
  std::vector<const Version*> left;
  left.reserve(by_key.size());
  for (const auto& [key, version] : by_key) {
    left.push_back(version);
  }
  return look_up_conflicts(left);
}

/// As look_up_unnamed().
StoreStatus RecordRows::look_up_conflicts(const std::vector<const Version*>& unnamed) {
  if (unnamed.empty()) {
    return std::nullopt;
  }
  auto result = connection_.run_one({kLookUpConflicts, version_arrays(unnamed)}, deadline_.left());
  if (!result) {
    return std::move(result).error();
  }
  const bool are_there = int8_value(result->value(0, 0)) == static_cast<std::int64_t>(unnamed.size());
  if (are_there) {
    return std::nullopt;
  }
  return swallowed_by("auth_log_conflicts");
}

}  // namespace twinlog::postgres
