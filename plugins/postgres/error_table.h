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

/// The table has no row for it.
bool is_unknown(std::string_view sqlstate, std::string_view constraint);
/// A function of the administrator said RAISE without a code, or what amounts to it.
bool is_raised(std::string_view sqlstate);

/// Why there was no session and no server said so: what libpq's own message contains -> what the courier does.
struct LocalErrorRow {
  std::string_view contains;
  Reaction reaction = Reaction::kReconnect;
  std::string_view words;
};
std::span<const LocalErrorRow> local_error_table();

/// The error for a failed connect without a SQLSTATE. Of the message nothing is kept.
StoreError classify_local(std::string_view libpq_message);

/// The error for a SQLSTATE ("" when libpq knows none: the connection broke). The server's own text is not asked for.
StoreError classify(std::string_view sqlstate, std::string_view constraint);

}  // namespace twinlog::postgres
