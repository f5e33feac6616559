#include "plugins/postgres/error_table.h"

#include <algorithm>
#include <array>

namespace twinlog::postgres {
namespace {

constexpr std::string_view kLost =
    "the connection to PostgreSQL broke; the agent connects again and sends what was not confirmed once more";
constexpr std::string_view kGoesAway =
    "PostgreSQL is shutting down, starting or ended this session; the agent waits for it";
constexpr std::string_view kCrowded =
    "PostgreSQL takes no more connections or memory; raise max_connections or free some, the agent tries again";
constexpr std::string_view kBusy =
    "another session or the load of the server was in the way; the batch is tried again, in smaller parts if need be";
constexpr std::string_view kOutOfRoom =
    "PostgreSQL has no room or hit a limit of its own; free disk space or raise the limit";
constexpr std::string_view kOurSlip =
    "PostgreSQL answered as if the agent had lost track of its transaction; it connects again (report this as a "
    "defect)";
constexpr std::string_view kPooled =
    "a connection pooler or a change of the schema got in between; the agent connects again";
constexpr std::string_view kData =
    "PostgreSQL can never take one of these events; a constraint or trigger added to the table is the usual cause";
constexpr std::string_view kNoPlace =
    "no partition of auth_logs takes these events; create the missing partition, nothing is lost meanwhile";
constexpr std::string_view kSchema =
    "schema or rights do not fit; run `twinlog check --stores`, then `twinlog migrate` as the owner of the tables";
constexpr std::string_view kLogin =
    "PostgreSQL refused the login; check user, password (file) and pg_hba.conf, the agent reads the password again";
constexpr std::string_view kNoDatabase =
    "the database or schema does not exist; create it or correct stores.postgres.uri";
constexpr std::string_view kCorrupt =
    "PostgreSQL reports corrupt data or a corrupt index; stop writing to it and repair it, the spool keeps the events";
constexpr std::string_view kUnknown =
    "PostgreSQL refused for a reason that this version does not know; the batch is tried again";

constexpr auto kRows = std::to_array<ErrorRow>({
    // Exact codes.
    {"25006", Named::kAny, Reaction::kReconnect,
     "this server is read-only (a standby); the agent looks for the primary among the hosts of stores.postgres.uri"},
    {"57P01", Named::kAny, Reaction::kReconnect, kGoesAway},
    {"57P02", Named::kAny, Reaction::kReconnect, kGoesAway},
    {"57P03", Named::kAny, Reaction::kReconnect, kGoesAway},
    {"57P04", Named::kAny, Reaction::kHold, kNoDatabase},
    {"57P05", Named::kAny, Reaction::kReconnect, kGoesAway},
    {"57014", Named::kAny, Reaction::kRetrySmaller, kBusy},
    {"55P03", Named::kAny, Reaction::kRetrySmaller, kBusy},
    {"55006", Named::kAny, Reaction::kReconnect, kCrowded},
    {"40003", Named::kAny, Reaction::kReconnect, kLost},
    {"53100", Named::kAny, Reaction::kRetrySlowly, kOutOfRoom},
    {"53200", Named::kAny, Reaction::kReconnect, kCrowded},
    {"53300", Named::kAny, Reaction::kReconnect, kCrowded},
    {"54001", Named::kAny, Reaction::kPoison, kData},
    {"54000", Named::kWithName, Reaction::kPoison, kData},
    {"25P02", Named::kAny, Reaction::kReconnect, kOurSlip},
    {"25P03", Named::kAny, Reaction::kReconnect, kOurSlip},
    {"26000", Named::kAny, Reaction::kReconnect, kPooled},
    {"42P05", Named::kAny, Reaction::kReconnect, kPooled},
    {"21000", Named::kAny, Reaction::kPoison, kData},
    {"23514", Named::kWithoutName, Reaction::kHold, kNoPlace},
    {"XX001", Named::kAny, Reaction::kStop, kCorrupt},
    {"XX002", Named::kAny, Reaction::kStop, kCorrupt},
    // Classes.
    {"08", Named::kAny, Reaction::kReconnect, kLost},
    {"0A", Named::kAny, Reaction::kHold, kSchema},
    {"22", Named::kAny, Reaction::kPoison, kData},
    {"23", Named::kAny, Reaction::kPoison, kData},
    {"28", Named::kAny, Reaction::kHold, kLogin},
    {"2D", Named::kAny, Reaction::kReconnect, kOurSlip},
    {"3D", Named::kAny, Reaction::kHold, kNoDatabase},
    {"3F", Named::kAny, Reaction::kHold, kNoDatabase},
    {"40", Named::kAny, Reaction::kRetrySmaller, kBusy},
    {"42", Named::kAny, Reaction::kHold, kSchema},
    {"53", Named::kAny, Reaction::kRetrySlowly, kOutOfRoom},
    {"54", Named::kAny, Reaction::kRetrySlowly, kOutOfRoom},
    {"58", Named::kAny, Reaction::kRetrySlowly, kOutOfRoom},
});

bool speaks_of(const ErrorRow& row, std::string_view sqlstate, std::string_view constraint) {
  if (!sqlstate.starts_with(row.code)) {
    return false;
  }
  return row.named == Named::kAny || (row.named == Named::kWithName) != constraint.empty();
}

}  // namespace

std::span<const ErrorRow> error_table() {
  return kRows;
}

StoreError classify(std::string_view sqlstate, std::string_view constraint) {
  if (sqlstate.empty()) {
    return {.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = std::string(kLost)};
  }
  const auto* const row = std::find_if(kRows.begin(), kRows.end(),
                                       [&](const ErrorRow& each) { return speaks_of(each, sqlstate, constraint); });
  const bool is_known = row != kRows.end();
  return {.reaction = is_known ? row->reaction : Reaction::kRetry,
          .code = std::string(sqlstate),
          .constraint = std::string(constraint),
          .words = std::string(is_known ? row->words : kUnknown)};
}

}  // namespace twinlog::postgres
