// The columns of auth_logs and auth_log_conflicts as data: name, type, and how a version goes in and comes out. The
// insert, the read and the arrays are all made from this one table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"
#include "plugins/api/store.h"
#include "plugins/postgres/binary_array.h"

namespace twinlog::postgres {

struct Column {
  std::string_view name;
  ElementType type;  ///< Of the array that is sent.
  void (*put)(ArrayBuilder& out, const Version& version);
  /// kCorrupt when the value cannot have been written by `put`. Not called for NULL.
  Status (*take)(StoredVersion& into, std::string_view bytes);
  std::string_view insert_form{};  ///< Where it is not the element itself; it is called `v.<name>`.
  std::string_view select_form{};  ///< Where it is not the column itself.
};

/// All columns but has_conflict, which the store alone sets, and salts, which erasing does.
std::span<const Column> columns();

/// "tenant_id, log_id, ...": the columns' names; with `prefix` before each.
std::string column_names(std::string_view prefix = "");
/// What a SELECT reads from the table called `table`: the select forms of all columns in order.
std::string column_selects(std::string_view table);
/// "INSERT INTO <table> (...) SELECT ... FROM unnest(...) WITH ORDINALITY AS v(..., ordinal) ORDER BY v.ordinal ",
/// parameters from $1 in the order of columns(). PostgreSQL takes the rows in the order of the arrays, and knows that
/// it need not sort for it.
std::string insert_head(std::string_view table);

/// One array parameter per column for `insert_head`. Who locks in an order of keys gives the versions in that order.
std::vector<Parameter> column_arrays(std::span<const Version* const> versions);

}  // namespace twinlog::postgres
