#include "plugins/postgres/connect_options.h"

#include <libpq-fe.h>

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "plugins/postgres/postgres_store.h"

namespace twinlog::postgres {
namespace {

/// Unanswered data or a connection attempt is given up after this long by the kernel.
constexpr std::string_view kTcpUserTimeoutMs = "15000";

constexpr auto kDefaults = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"application_name", "twinlog"},
    {"tcp_user_timeout", kTcpUserTimeoutMs},
    {"keepalives", "1"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
});

StoreError bad_address(std::string words) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(words)};
}

std::vector<std::string> split_at_commas(const std::string& list) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t comma = list.find(','); comma != std::string::npos; comma = list.find(',', begin)) {
    parts.push_back(list.substr(begin, comma - begin));
    begin = comma + 1;
  }
  parts.push_back(list.substr(begin));
  return parts;
}

/// The options of host number `index`: lists of one entry (a single port for all hosts) stay as they are.
ConnectOptions for_host(const ConnectOptions& all, std::size_t index) {
  ConnectOptions one = all;
  for (const char* const keyword : {"host", "hostaddr", "port"}) {
    const auto found = one.find(keyword);
    if (found == one.end()) {
      continue;
    }
    const std::vector<std::string> parts = split_at_commas(found->second);
    if (parts.size() > 1) {
      found->second = index < parts.size() ? parts[index] : "";
    }
  }
  return one;
}

std::size_t host_count(const ConnectOptions& options) {
  for (const char* const keyword : {"hostaddr", "host"}) {
    const auto found = options.find(keyword);
    if (found != options.end()) {
      return split_at_commas(found->second).size();
    }
  }
  return 1;
}

}  // namespace

StoreResult<std::vector<ConnectOptions>> connect_options(const StoreSettings& settings) {
  const Result<std::string> uri = settings.uri.reveal();
  if (!uri) {
    return bad_address(uri.error().message());
  }
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(PQconninfoParse(uri->c_str(), nullptr),
                                                                            &PQconninfoFree);
  if (parsed == nullptr) {
    return bad_address(
        "stores.postgres.uri is not an address that libpq understands; see \"Connection Strings\" in "
        "PostgreSQL's manual");
  }
  ConnectOptions options;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') {
      options[option->keyword] = option->val;
    }
  }
  for (const auto& [keyword, value] : kDefaults) {
    options.try_emplace(std::string(keyword), value);
  }
  options["client_encoding"] = "UTF8";
  // Connection::open() asks each server itself whether it takes writes: libpq's own refusal has no SQLSTATE.
  options["target_session_attrs"] = "any";
  if (settings.password.is_set()) {
    Result<std::string> password = settings.password.reveal();
    if (!password) {
      return bad_address(password.error().message());
    }
    options["password"] = std::move(*password);
  }
  std::vector<ConnectOptions> hosts;
  for (std::size_t i = 0; i < host_count(options); ++i) {
    hosts.push_back(for_host(options, i));
  }
  return hosts;
}

}  // namespace twinlog::postgres

std::string twinlog::libpq_version() {
  const int number = PQlibVersion();  // 150007 is 15.7.
  return std::to_string(number / 10000) + "." + std::to_string(number % 10000);
}
