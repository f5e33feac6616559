// SQLSTATE -> what the courier does. The rows are data; their order is the order of search.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "plugins/api/store.h"

namespace twinlog::postgres {

/// Whether a row speaks only of errors that name a constraint or index, or only of those that do not.
enum class Named : std::uint8_t { kAny, kWithName, kWithoutName };

struct ErrorRow {
  std::string_view code;  ///< A whole SQLSTATE, or its first two characters (the class).
  Named named = Named::kAny;
  Reaction reaction = Reaction::kRetry;
  std::string_view words;
};

/// Whole codes first, then classes.
std::span<const ErrorRow> error_table();

/// The error for a SQLSTATE ("" when libpq knows none: the connection broke). The server's own text is not asked for.
StoreError classify(std::string_view sqlstate, std::string_view constraint);

}  // namespace twinlog::postgres
