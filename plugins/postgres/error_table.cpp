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
// Smaller batches would only wait for the lock of a busy account more often.
constexpr std::string_view kLocked =
    "other sessions held a lock that this batch needs; it is tried again as it is (pg_stat_activity shows who waits)";
constexpr std::string_view kRaised =
    "a trigger or function that was added to a table raised an error of its own; find it (\\d auth_logs in psql) and "
    "drop or mend it";
constexpr std::string_view kReadOnly =
    "this server is read-only (a standby, or default_transaction_read_only is on); the agent looks for one that takes "
    "writes among the hosts of stores.postgres.uri";
constexpr std::string_view kProxy =
    "the server or a connection pooler in front of it refused the session: no free client or server connection there "
    "(max_client_conn, query_wait_timeout), no server behind it, or a startup parameter it does not take, such as "
    "options=; use ALTER ROLE ... SET search_path in its place";
constexpr std::string_view kState =
    "PostgreSQL cannot take this in its present state; is the database closed to connections (ALLOW_CONNECTIONS)?";
constexpr std::string_view kRights =
    "this role lacks a right; `twinlog check --stores` names it; grant it the role twinlog_writer";
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
constexpr std::string_view kNoTls =
    "no TLS session with PostgreSQL as sslmode in stores.postgres.uri demands it; check that the server has ssl = on";
constexpr std::string_view kNoUser =
    "stores.postgres.uri names no user, and this process's user id has no name on this system; put the user into the "
    "address (postgresql://USER@HOST/...)";
constexpr std::string_view kCorrupt =
    "PostgreSQL reports corrupt data or a corrupt index; stop writing to it and repair it, the spool keeps the events";
constexpr std::string_view kUnknown =
    "PostgreSQL refused for a reason that this version does not know; the batch is tried again";

constexpr auto kRows = std::to_array<ErrorRow>({
    // Exact codes.
    {"25006", Named::kAny, Reaction::kReconnect, kReadOnly},
    {"08P01", Named::kAny, Reaction::kReconnect, kProxy},
    {"57P01", Named::kAny, Reaction::kReconnect, kGoesAway},
    {"57P02", Named::kAny, Reaction::kReconnect, kGoesAway},
    {"57P03", Named::kAny, Reaction::kReconnect, kGoesAway},
    {"57P04", Named::kAny, Reaction::kHold, kNoDatabase},
    {"57P05", Named::kAny, Reaction::kReconnect, kGoesAway},
    {"57014", Named::kAny, Reaction::kRetrySmaller, kBusy},
    {"55P03", Named::kAny, Reaction::kRetry, kLocked},
    {"40P01", Named::kAny, Reaction::kRetry, kLocked},
    {"55006", Named::kAny, Reaction::kReconnect, kCrowded},
    {"55000", Named::kAny, Reaction::kHold, kState},
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
    {"42501", Named::kAny, Reaction::kHold, kRights},
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
    {"P0", Named::kAny, Reaction::kRetry, kRaised},
    {"54", Named::kAny, Reaction::kRetrySlowly, kOutOfRoom},
    {"58", Named::kAny, Reaction::kRetrySlowly, kOutOfRoom},
});

// The words are libpq's own (fe-secure-openssl.c, fe-connect.c of 13 to 16), English as nothing here calls setlocale().
constexpr auto kLocalRows = std::to_array<LocalErrorRow>({
    {"local user", Reaction::kHold, kNoUser},
    {"no PostgreSQL user name specified", Reaction::kHold, kNoUser},
    {"private key file", Reaction::kHold,
     "the file of sslkey cannot be used: it must exist, fit sslcert, be the agent's own (or root's), and its mode must "
     "be 0600 (or 0640 where it is root's); correct its mode, owner or name"},
    {"channel binding", Reaction::kHold,
     "stores.postgres.uri demands channel_binding=require, which takes TLS and a SCRAM password at the server; set "
     "both up, or take channel_binding out of the address"},
    {"root certificate file", Reaction::kHold,
     "the TLS certificates do not fit: the file of sslrootcert is not there or cannot be read; correct "
     "stores.postgres.uri"},
    {"certificate", Reaction::kHold,
     "the TLS certificates do not fit: the server's was refused (authority, name or time), or a file of sslrootcert, "
     "sslcert or sslkey cannot be used; correct them or stores.postgres.uri"},
    {"does not support SSL", Reaction::kHold, kNoTls},
    {"SSL error", Reaction::kHold, kNoTls},
    {"translate host name", Reaction::kReconnect,
     "the host name in stores.postgres.uri cannot be resolved; check the name and DNS"},
    {"", Reaction::kReconnect,
     "no connection to PostgreSQL; check that the server runs, and the address in stores.postgres.uri"},
});

bool speaks_of(const ErrorRow& row, std::string_view sqlstate, std::string_view constraint) {
  if (!sqlstate.starts_with(row.code)) {
    return false;
  }
  return row.named == Named::kAny || (row.named == Named::kWithName) != constraint.empty();
}

const ErrorRow* row_of(std::string_view sqlstate, std::string_view constraint) {
  return std::find_if(kRows.begin(), kRows.end(),
                      [&](const ErrorRow& each) { return speaks_of(each, sqlstate, constraint); });
}

}  // namespace

std::span<const ErrorRow> error_table() {
  return kRows;
}

std::span<const LocalErrorRow> local_error_table() {
  return kLocalRows;
}

StoreError classify_local(std::string_view libpq_message) {
  const auto* const row = std::find_if(kLocalRows.begin(), kLocalRows.end(), [&](const LocalErrorRow& each) {
    return libpq_message.find(each.contains) != std::string_view::npos;
  });
  return {.reaction = row->reaction, .code = "", .constraint = "", .words = std::string(row->words)};
}

bool is_unknown(std::string_view sqlstate, std::string_view constraint) {
  return !sqlstate.empty() && row_of(sqlstate, constraint) == kRows.end();
}

bool is_raised(std::string_view sqlstate) {
  return sqlstate.starts_with("P0");
}

StoreError classify(std::string_view sqlstate, std::string_view constraint) {
  if (sqlstate.empty()) {
    return {.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = std::string(kLost)};
  }
  const auto* const row = row_of(sqlstate, constraint);
  const bool is_known = row != kRows.end();
  return {.reaction = is_known ? row->reaction : Reaction::kRetry,
          .code = std::string(sqlstate),
          .constraint = std::string(constraint),
          .words = std::string(is_known ? row->words : kUnknown)};
}

}  // namespace twinlog::postgres
