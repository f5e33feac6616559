// What the courier does about each error of the document store (DECISIONS.md). Data only: one row
// per code. Server texts are never kept, as they quote values; the words here are ours.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plugins/api/store.h"

namespace twinlog::mongodb {

/// A code that a server answers, in a failed command, a write error or a write concern error.
struct ServerErrorRow {
  std::int32_t code;
  Reaction reaction;
  std::string_view words;
};
std::span<const ServerErrorRow> server_error_rows();
bool has_rule(std::int32_t code);
/// By the table; an unknown code is retried.
StoreError server_error(std::int32_t code);

/// An error that the driver raises itself, by its domain (mongoc_error_domain_t) and code; code 0 stands for any other.
struct DriverErrorRow {
  std::uint32_t domain;
  std::uint32_t code;
  Reaction reaction;
  std::string_view words;
};
std::span<const DriverErrorRow> driver_error_rows();
/// Why no server could be used, where the driver's own message says: what it contains -> what the courier does.
struct LocalErrorRow {
  std::string_view contains;
  Reaction reaction;
  std::string_view words;
};
std::span<const LocalErrorRow> local_error_rows();
/// The error for a failed search for a server, or for one that could not begin. Of the message nothing is kept.
StoreError local_error(std::string_view driver_message);

/// Of a bson_error_t in error API version 2: domain MONGOC_ERROR_SERVER goes to server_error.
StoreError driver_error(std::uint32_t domain, std::uint32_t code);

}  // namespace twinlog::mongodb
