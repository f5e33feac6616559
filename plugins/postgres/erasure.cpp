#include "plugins/postgres/erasure.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/field_table.h"
#include "ledger/tree/merkle.h"
#include "plugins/postgres/ledger_tables.h"
#include "plugins/postgres/record_rows.h"
#include "plugins/postgres/transaction.h"

namespace twinlog::postgres {
namespace {

std::optional<KeptFields> kept_of(const std::string& salts) {
  if (salts.empty()) {
    return std::nullopt;
  }
  Result<KeptFields> kept = parse_salts(salts);
  return kept ? std::optional(std::move(*kept)) : std::nullopt;
}

/// What the salts of an acceptance with this content have to be; nothing where neither key nor salts are left of it.
std::optional<KeptFields> kept_after_all(const AuthEvent& event, const std::optional<RecordKey>& key,
                                         const std::string& salts, const std::vector<std::uint8_t>& fields) {
  if (const auto kept = kept_of(salts)) {
    return kept_after(event, *kept, fields);
  }
  return key ? std::optional(kept_after(event, *key, fields)) : std::nullopt;
}

std::optional<RecordKey> key_of(const LedgerRow& row) {
  return row.version.ledger ? std::optional(row.version.ledger->record_key) : std::nullopt;
}

/// In a conflict's key the place of the content's hash is taken by that of its leaf, which tells nothing.
Digest hash_in_key(const LedgerRow& row) {
  const Version& version = row.version;
  if (version.ledger) {
    return leaf_hash(event_leaf(version));
  }
  if (row.tenant_seq) {
    return version.content_hash;  // It is that of the leaf already.
  }
  return sha256("no leaf" + std::string(as_text(version.epoch_id)) + std::to_string(version.leaf_index));
}

bool has_any(const AuthEvent& event, const std::vector<std::uint8_t>& fields) {
  return std::ranges::any_of(fields, [&](std::uint8_t field) { return field_value(event, field).has_value(); });
}

std::optional<ErasedRow> erased(const LedgerRow& row, const std::vector<std::uint8_t>& fields) {
  const auto kept = kept_after_all(row.version.event, key_of(row), row.salts, fields);
  ErasedRow made{.row = &row, .salts = kept ? salts_bytes(*kept) : row.salts, .content_hash = hash_in_key(row)};
  const bool is_content_known = row.is_conflict ? made.content_hash != row.version.content_hash : row.has_content_hash;
  if (!row.version.ledger && made.salts == row.salts && !is_content_known && !has_any(row.version.event, fields)) {
    return std::nullopt;
  }
  return made;
}

/// Whether the leaf is one over this content, with the acceptance's own key or salts.
bool accepts(const LedgerLeafRow& leaf, const Digest& root, const AuthEvent& event) {
  if (leaf.record_key) {
    return content_root(event, *leaf.record_key) == root;
  }
  const auto kept = kept_of(leaf.salts);
  const auto found = kept ? content_root(event, *kept) : Result<Digest>(Error(ErrorKind::kInvalid, ""));
  return found && *found == root;
}

std::optional<ErasedLeaf> erased(const LedgerLeafRow& leaf, const std::vector<LedgerRow>& rows,
                                 const std::vector<std::uint8_t>& fields) {
  if (!leaf.record_key && leaf.salts.empty()) {
    return std::nullopt;  // It came when the record was erased already.
  }
  ErasedLeaf made{.row = &leaf, .salts = {}};
  const Result<Leaf> parsed = parse_leaf(leaf.leaf);
  const EventLeaf* const content = parsed ? std::get_if<EventLeaf>(&parsed->content) : nullptr;
  for (const LedgerRow& row : rows) {
    if (content != nullptr && accepts(leaf, content->content_root, row.version.event)) {
      const auto kept = kept_after_all(row.version.event, leaf.record_key, leaf.salts, fields);
      made.salts = kept ? salts_bytes(*kept) : "";
      break;
    }
  }
  return leaf.record_key || made.salts != leaf.salts ? std::optional(made) : std::nullopt;
}

/// "name = NULL, ..." for the fields, whose columns have their names.
std::string taking(const std::set<std::uint8_t>& fields) {
  std::string list;
  for (const std::uint8_t field : fields) {
    list += std::string(kFieldNames[field - 1U]) + " = NULL, ";
  }
  return list;
}

template <typename Rows, typename Put>
Parameter array_of(ElementType type, const Rows& rows, Put put) {
  ArrayBuilder array(type);
  for (const auto& row : rows) {
    put(array, row);
  }
  return array.take();
}

void put_salts(ArrayBuilder& out, const std::string& salts) {
  salts.empty() ? out.null() : out.bytes(salts);
}

std::vector<Parameter> row_parameters(const std::vector<ErasedRow>& rows) {
  using Row = const ErasedRow&;
  return {array_of(kText, rows, [](auto& out, Row each) { out.bytes(each.row->version.event.tenant_id); }),
          array_of(kText, rows, [](auto& out, Row each) { out.bytes(each.row->version.event.log_id); }),
          array_of(kUuid, rows, [](auto& out, Row each) { out.bytes(as_text(each.row->version.epoch_id)); }),
          array_of(kInt8, rows,
                   [](auto& out, Row each) { out.int8(static_cast<std::int64_t>(each.row->version.leaf_index)); }),
          array_of(kBytea, rows, [](auto& out, Row each) { put_salts(out, each.salts); }),
          array_of(kBytea, rows, [](auto& out, Row each) { out.bytes(as_text(each.content_hash)); })};
}

std::string update_of(std::string_view table, const std::set<std::uint8_t>& fields, std::string_view hash) {
  return "UPDATE " + std::string(table) + " t SET " + taking(fields) + "content_hash = " + std::string(hash) +
         ", record_key = NULL, salts = v.salts FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[], "
         "$5::bytea[], $6::bytea[]) AS v(tenant_id, log_id, epoch_id, leaf_index, salts, hash) "
         "WHERE t.tenant_id = v.tenant_id AND t.log_id = v.log_id AND t.epoch_id = v.epoch_id "
         "AND t.leaf_index = v.leaf_index";
}

constexpr std::string_view kUpdateLeaves =
    "UPDATE ledger_leaves t SET record_key = NULL, salts = v.salts FROM unnest($1::uuid[], $2::bigint[], $3::bytea[]) "
    "AS v(epoch_id, leaf_index, salts) WHERE t.epoch_id = v.epoch_id AND t.leaf_index = v.leaf_index";

}  // namespace

std::set<std::uint8_t> fields_to_erase(std::span<const std::uint8_t> asked) {
  std::set<std::uint8_t> fields(asked.begin(), asked.end());
  if (fields.contains(kFieldUserId) || fields.contains(kFieldUsername)) {
    fields.insert(kFieldAccount);
  }
  return fields;
}

ErasurePlan plan_erasure(const RecordGroups& groups, const std::set<std::uint8_t>& fields) {
  const std::vector<std::uint8_t> ascending(fields.begin(), fields.end());
  ErasurePlan plan;
  for (const auto& [key, group] : groups) {
    for (const LedgerRow& row : group.rows) {
      if (const auto made = erased(row, ascending)) {
        (row.is_conflict ? plan.conflicts : plan.records).push_back(*made);
      }
    }
    for (const LedgerLeafRow& leaf : group.further) {
      if (const auto made = erased(leaf, group.rows, ascending)) {
        plan.leaves.push_back(*made);
      }
    }
  }
  return plan;
}

StoreStatus write_erasure(Connection& connection, const ErasurePlan& plan, const std::set<std::uint8_t>& fields) {
  const std::string records = update_of(kRecords, fields, "NULL");
  const std::string conflicts = update_of(kConflicts, fields, "v.hash");
  using Leaf = const ErasedLeaf&;
  const Statement statements[] = {
      {records, row_parameters(plan.records)},
      {conflicts, row_parameters(plan.conflicts)},
      {kUpdateLeaves,
       {array_of(kUuid, plan.leaves, [](auto& out, Leaf each) { out.bytes(as_text(each.row->epoch_id)); }),
        array_of(kInt8, plan.leaves,
                 [](auto& out, Leaf each) { out.int8(static_cast<std::int64_t>(each.row->leaf_index)); }),
        array_of(kBytea, plan.leaves, [](auto& out, Leaf each) { put_salts(out, each.salts); })}}};
  auto written = connection.run(statements, kFlushLimit);
  if (!written) {
    return std::move(written).error();
  }
  const std::pair<std::string_view, std::size_t> wanted[] = {
      {kRecords, plan.records.size()}, {kConflicts, plan.conflicts.size()}, {kLedgerLeaves, plan.leaves.size()}};
  for (std::size_t i = 0; i < std::size(wanted); ++i) {
    if (touched(written->at(i)) != wanted[i].second) {
      return dropped_from(wanted[i].first);
    }
  }
  return std::nullopt;
}

}  // namespace twinlog::postgres
