// The query of an admin command: "store=postgres&reason=two%20words". Both directions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace twinlog {

/// A value as it may stand in a query: letters, digits and "-._~" as they are, all else as %XX.
std::string query_value(std::string_view text);

/// Names and values. Nothing for a broken %XX, a member without a name, and one that is there twice.
std::optional<std::map<std::string, std::string>> read_query(std::string_view query);

}  // namespace twinlog
