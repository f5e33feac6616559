#include "plugins/mongodb/error_table.h"

#include <mongoc/mongoc.h>

#include <algorithm>
#include <string>

namespace twinlog::mongodb {
namespace {

constexpr std::string_view kFailover =
    "the server is no primary or is shutting down; the agent reconnects and repeats by itself";
constexpr std::string_view kUnreachable = "the server lost its connection to others; the agent repeats by itself";
constexpr std::string_view kRights =
    "the user of stores.mongodb may not do this; give it the role readWrite on the database of the address";
constexpr std::string_view kLogin =
    "the server refused user or password; check stores.mongodb.uri and its password file";
constexpr std::string_view kConcern =
    "the write was not confirmed by a majority in time; the agent repeats it by itself, check the replica set's "
    "members";
constexpr std::string_view kDocument =
    "the server refuses a document for what it holds; see the code in the server's manual";
constexpr std::string_view kOwnIndex =
    "the server can not put a document into an index of its collection that twinlog did not make; drop that index";
constexpr std::string_view kTooLarge = "a document is larger than the server takes";
constexpr std::string_view kContention = "the server could not do this now; the agent repeats by itself";
constexpr std::string_view kOtherIndex =
    "an index of twinlog exists in another form; drop it and run `twinlog migrate` again";
constexpr std::string_view kRefusedIndex =
    "the server refuses to create it; drop indexes of your own where the collection has all it may (64 indexes), else "
    "mend what the server's own log says, and run `twinlog migrate` again";
constexpr std::string_view kUnsupported = "the server does not know this command; check that its version is supported";

constexpr ServerErrorRow kServerRows[] = {
    {6, Reaction::kReconnect, kUnreachable},
    {7, Reaction::kReconnect, kUnreachable},
    {89, Reaction::kReconnect, kUnreachable},
    {9001, Reaction::kReconnect, kUnreachable},
    {91, Reaction::kReconnect, kFailover},
    {189, Reaction::kReconnect, kFailover},
    {10107, Reaction::kReconnect, kFailover},
    {11600, Reaction::kReconnect, kFailover},
    {11602, Reaction::kReconnect, kFailover},
    {13435, Reaction::kReconnect, kFailover},
    {13436, Reaction::kReconnect, kFailover},
    {11, Reaction::kHold, kLogin},
    {18, Reaction::kHold, kLogin},
    {8000, Reaction::kRetry, kContention},
    {13, Reaction::kHold, kRights},
    {64, Reaction::kRetry, kConcern},
    {100, Reaction::kRetry, kConcern},
    {79, Reaction::kHold, "the server does not know the write concern asked for"},
    {50, Reaction::kRetrySmaller, "the server gave up after its time limit"},
    {202, Reaction::kRetry, kContention},
    {262, Reaction::kRetrySmaller, "the server gave up after its time limit"},
    {112, Reaction::kRetry, kContention},
    {251, Reaction::kRetry, kContention},
    {24, Reaction::kRetry, kContention},
    {43, Reaction::kRetry, "the server dropped a cursor while it was read; the agent repeats by itself"},
    {237, Reaction::kRetry, "the server dropped a cursor while it was read; the agent repeats by itself"},
    {146, Reaction::kRetrySmaller, "the server ran out of the memory that it allows itself"},
    {14031, Reaction::kRetrySlowly, "the server's disk is full; make room there"},
    {12501, Reaction::kRetrySlowly, "the server's storage limit is reached; make room there"},
    {2, Reaction::kPoison, kDocument},
    {9, Reaction::kPoison, kDocument},
    {15, Reaction::kPoison, "a document is nested deeper than the server takes"},
    {22, Reaction::kPoison, kDocument},
    {52, Reaction::kPoison, kDocument},
    {57, Reaction::kPoison, kDocument},
    {121, Reaction::kPoison, "a validator of the collection refuses a document; loosen the validator"},
    {171, Reaction::kPoison, kOwnIndex},
    {16755, Reaction::kPoison, kOwnIndex},
    {17280, Reaction::kPoison, "a key is too long for an index of the collection"},
    {10334, Reaction::kPoison, kTooLarge},
    {17419, Reaction::kPoison, kTooLarge},
    {17420, Reaction::kPoison, kTooLarge},
    {11000, Reaction::kPoison, "a unique index that twinlog did not make refuses a document; drop that index"},
    {20, Reaction::kHold, kUnsupported},
    {59, Reaction::kHold, kUnsupported},
    {115, Reaction::kHold, kUnsupported},
    {238, Reaction::kHold, kUnsupported},
    {67, Reaction::kHold, kRefusedIndex},
    {85, Reaction::kHold, kOtherIndex},
    {86, Reaction::kHold, kOtherIndex},
    {73, Reaction::kHold, "the server does not take the database's name; correct stores.mongodb.uri"},
    {166, Reaction::kHold, "one of twinlog's names is a view in this database; give twinlog a database of its own"},
};

constexpr std::string_view kNetwork = "the connection to the document store broke; the agent reconnects by itself";
constexpr std::string_view kNobodyAnswers =
    "no document store answers at the address, or none of it takes writes; check stores.mongodb.uri and the server";

constexpr std::string_view kOurRequest = "the driver refused a request of twinlog's; please report this";

constexpr DriverErrorRow kDriverRows[] = {
    {MONGOC_ERROR_STREAM, 0, Reaction::kReconnect, kNetwork},
    {MONGOC_ERROR_PROTOCOL, 0, Reaction::kReconnect, "the document store answered something that is no valid reply"},
    {MONGOC_ERROR_SERVER_SELECTION, 0, Reaction::kReconnect, kNobodyAnswers},
    {MONGOC_ERROR_CLIENT, MONGOC_ERROR_CLIENT_AUTHENTICATE, Reaction::kHold, kLogin},
    {MONGOC_ERROR_CLIENT, 0, Reaction::kReconnect, kNetwork},
    {MONGOC_ERROR_SASL, 0, Reaction::kHold, kLogin},
    {MONGOC_ERROR_SCRAM, 0, Reaction::kHold, kLogin},
    {MONGOC_ERROR_WRITE_CONCERN, 0, Reaction::kRetry, kConcern},
    {MONGOC_ERROR_CURSOR, 0, Reaction::kReconnect, kNetwork},
    {MONGOC_ERROR_BSON, 0, Reaction::kPoison, kTooLarge},
    {MONGOC_ERROR_COMMAND, 0, Reaction::kHold, kOurRequest},
    {MONGOC_ERROR_NAMESPACE, 0, Reaction::kHold, kOurRequest},
};

// The numbers are X509_V_ERR_ of OpenSSL. The order is the order of search.
constexpr LocalErrorRow kLocalRows[] = {
    {"certificate verify failed (62)", Reaction::kHold,
     "the certificate of the document store is for another host name than stores.mongodb.uri names; use a name that "
     "the certificate holds"},
    {"certificate verify failed (64)", Reaction::kHold,
     "the certificate of the document store does not hold the IP address that stores.mongodb.uri names; use a name "
     "that the certificate holds"},
    {"certificate verify failed (9)", Reaction::kHold,
     "the certificate of the document store is not valid yet; check the clocks of both sides"},
    {"certificate verify failed (10)", Reaction::kHold,
     "the certificate of the document store has expired; renew it there, or check this host's clock"},
    {"certificate verify failed", Reaction::kHold,
     "the certificate of the document store is not signed by an authority that this agent trusts; set tlsCAFile in "
     "stores.mongodb.uri to that authority's certificate"},
    {"TLS handshake failed", Reaction::kReconnect,
     "TLS was not agreed on with the document store (does it ask for a certificate of ours, or speak no TLS?); check "
     "the tls options of stores.mongodb.uri"},
    {"SRV record", Reaction::kReconnect,
     "DNS has no SRV record (_mongodb._tcp) for the name in stores.mongodb.uri, or does not answer; the agent looks it "
     "up again by itself, check the name and this host's DNS"},
    {"Failed to resolve", Reaction::kReconnect,
     "DNS does not know the host in stores.mongodb.uri, or does not answer; the agent looks it up again by itself, "
     "check the name and this host's DNS"},
    {"", Reaction::kReconnect, kNobodyAnswers},
};

}  // namespace

std::span<const LocalErrorRow> local_error_rows() {
  return kLocalRows;
}

StoreError local_error(std::string_view driver_message) {
  const auto* row = std::ranges::find_if(kLocalRows, [&](const LocalErrorRow& one) {
    return driver_message.find(one.contains) != std::string_view::npos;
  });
  return {.reaction = row->reaction, .code = "", .constraint = "", .words = std::string(row->words)};
}

std::span<const ServerErrorRow> server_error_rows() {
  return kServerRows;
}
std::span<const DriverErrorRow> driver_error_rows() {
  return kDriverRows;
}

bool has_rule(std::int32_t code) {
  return std::ranges::find(kServerRows, code, &ServerErrorRow::code) != std::end(kServerRows);
}

StoreError server_error(std::int32_t code) {
  const auto* row = std::ranges::find(kServerRows, code, &ServerErrorRow::code);
  if (row != std::end(kServerRows)) {
    return {
        .reaction = row->reaction, .code = std::to_string(code), .constraint = "", .words = std::string(row->words)};
  }
  return {.reaction = Reaction::kRetry,
          .code = std::to_string(code),
          .constraint = "",
          .words = "the document store answered an error that twinlog has no rule for; look the code up in its manual"};
}

StoreError driver_error(std::uint32_t domain, std::uint32_t code) {
  if (domain == MONGOC_ERROR_SERVER) {
    return server_error(static_cast<std::int32_t>(code));
  }
  for (const DriverErrorRow& row : kDriverRows) {
    if (row.domain == domain && (row.code == code || row.code == 0)) {
      return {.reaction = row.reaction, .code = "", .constraint = "", .words = std::string(row.words)};
    }
  }
  return {.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = std::string(kNetwork)};
}

}  // namespace twinlog::mongodb
