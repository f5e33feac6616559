#include "plugins/postgres/connect_options.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "plugins/postgres/postgres_store.h"

namespace twinlog::postgres {
namespace {

/// Unanswered data or a connection attempt is given up after this long by the kernel.
constexpr std::string_view kTcpUserTimeoutMs = "15000";

constexpr std::chrono::seconds kConnectTimeoutLeast{2};

constexpr int kGreatestPort = 65535;
constexpr std::string_view kPort = "port";
/// Lists with one entry for each host; the first that is given says how many there are.
constexpr auto kLists = std::to_array<std::string_view>({"hostaddr", "host", kPort});
/// What tells the places, and how long to try them.
constexpr auto kOfPlaces = std::to_array<std::string_view>({"hostaddr", "host", kPort, "connect_timeout"});

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

std::optional<int> number_of(const std::string& text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end ? std::optional(number) : std::nullopt;
}

bool is_port(const std::string& text) {
  const int number = text.empty() ? 1 : number_of(text).value_or(0);  // Empty: the default.
  return number > 0 && number <= kGreatestPort;
}

/// What libpq would take from the environment: a name in there must not be looked up by libpq either. Where the address
/// names a service, that goes first and only libpq knows what is in it.
void add_environment(ConnectOptions& options) {
  if (options.contains("service")) {
    return;
  }
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> defaults(PQconndefaults(), &PQconninfoFree);
  for (const PQconninfoOption* option = defaults.get(); option != nullptr && option->keyword != nullptr; ++option) {
    const bool is_wanted = std::ranges::find(kOfPlaces, option->keyword) != kOfPlaces.end();
    if (is_wanted && option->val != nullptr && *option->val != '\0') {
      options.try_emplace(option->keyword, option->val);
    }
  }
}

/// The options of each host; nothing where the lists do not fit each other, or a port is none. One port is for all.
std::optional<std::vector<ConnectOptions>> per_host(const ConnectOptions& all) {
  std::map<std::string, std::vector<std::string>> lists;
  for (const std::string_view keyword : kLists) {
    if (const auto found = all.find(std::string(keyword)); found != all.end()) {
      lists[found->first] = split_at_commas(found->second);
    }
  }
  const auto counting = std::ranges::find_if(kLists, [&](auto each) { return lists.contains(std::string(each)); });
  const bool has_place = counting != kLists.end() && *counting != kPort;
  std::vector<ConnectOptions> hosts(has_place ? lists[std::string(*counting)].size() : 1, all);
  for (auto& [keyword, values] : lists) {
    if (keyword == kPort && values.size() == 1) {
      values.resize(hosts.size(), values.front());
    }
    if (values.size() != hosts.size() || (keyword == kPort && !std::ranges::all_of(values, is_port))) {
      return std::nullopt;
    }
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      hosts[i][keyword] = std::move(values[i]);
    }
  }
  return hosts;
}

}  // namespace

bool is_socket_folder(std::string_view host) {
  return host.starts_with('/') || host.starts_with('@');
}

StoreResult<ConnectPlan> connect_plan(const StoreSettings& settings) {
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
  add_environment(options);
  auto hosts = per_host(options);
  if (!hosts) {
    return bad_address(
        "stores.postgres.uri has a port that is none, or lists that do not fit each other: of hosts, hostaddr and "
        "ports there must be equally many (one port alone is for all)");
  }
  ConnectPlan plan{.hosts = std::move(*hosts), .limit = std::nullopt};
  if (const auto timeout = options.find("connect_timeout"); timeout != options.end()) {
    const std::optional<int> seconds = number_of(timeout->second);
    if (!seconds) {
      return bad_address("connect_timeout in stores.postgres.uri is not a whole number of seconds");
    }
    if (*seconds > 0) {  // 0, or less, is libpq's word for no limit, and gets ours.
      plan.limit = std::clamp(std::chrono::seconds{*seconds}, kConnectTimeoutLeast, kConnectTimeoutMost);
    }
  }
  return plan;
}

}  // namespace twinlog::postgres

std::string twinlog::libpq_version() {
  const int number = PQlibVersion();  // 150007 is 15.7.
  return std::to_string(number / 10000) + "." + std::to_string(number % 10000);
}
