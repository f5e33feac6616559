#include "plugins/postgres/requirements.h"

namespace twinlog::postgres {
namespace {

constexpr int kMajor = 10'000;

}  // namespace

std::string version_text(int server_version) {
  return std::to_string(server_version / kMajor) + "." + std::to_string(server_version % kMajor);
}

std::optional<std::string> unmet_requirement(const Connection& connection) {
  if (connection.server_version() < kOldestServer) {
    return "PostgreSQL " + version_text(connection.server_version()) + " is too old; version 14 or newer is needed";
  }
  if (connection.server_encoding() != "UTF8") {
    return "the encoding of the database is " + connection.server_encoding() +
           ", so it cannot hold every event; create a database with ENCODING 'UTF8'";
  }
  return std::nullopt;
}

}  // namespace twinlog::postgres
