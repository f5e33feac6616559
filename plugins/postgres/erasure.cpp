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
