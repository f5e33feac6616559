#include "config/rules.h"

#include <algorithm>

#include "config/printable.h"
#include "config/value_shapes.h"
#include "ledger/base/address.h"

namespace twinlog {
namespace {

// "<origin>/<agent.name>/<UUID>" has at most 200 bytes.
constexpr std::size_t kOriginAndNameMost = 200 - 36 - 2;

std::string missing_address(const StoreSettings& store, const std::string& variable) {
  if (!store.enabled || store.uri.is_set()) {
    return "";
  }
  return "is missing: set it, or uri_file, or " + variable + " (or enabled = false to do without this store)";
}

std::string no_store_left(const Settings& settings) {
  return settings.postgres.enabled || settings.mongodb.enabled
             ? ""
             : "turns the last store off: events would go nowhere; leave one enabled";
}

std::string first_over_most(const Settings& settings) {
  return settings.retry.first <= settings.retry.most
             ? ""
             : duration_text(settings.retry.first) + " as the first wait is more than retry.most, " +
                   duration_text(settings.retry.most);
}

std::string buffer_below_event(const Settings& settings) {
  return settings.intake.max_buffered >= settings.intake.max_event
             ? ""
             : "a single event may take intake.max_event, " + size_text(settings.intake.max_event) +
                   ", which is more than intake.max_buffered, " + size_text(settings.intake.max_buffered);
}

std::string buffer_below_body(const Settings& settings) {
  return settings.intake.max_buffered >= settings.intake.http.max_body
             ? ""
             : "a single request may take " + size_text(settings.intake.http.max_body) +
                   ", which is more than intake.max_buffered, " + size_text(settings.intake.max_buffered);
}

std::string default_tenant_not_allowed(const Settings& settings) {
  const auto& allowed = settings.intake.allow_tenants;
  const bool fine = settings.agent.default_tenant.empty() || allowed.empty() ||
                    std::find(allowed.begin(), allowed.end(), settings.agent.default_tenant) != allowed.end();
  return fine ? "" : "is not in intake.allow_tenants";  // Not quoted: ${VAR} may have brought it.
}

std::string origin_too_long(const Settings& settings) {
  return settings.ledger.origin.size() + settings.agent.name.size() <= kOriginAndNameMost
             ? ""
             : "ledger.origin and agent.name together are longer than " + std::to_string(kOriginAndNameMost) + " bytes";
}

std::string idle_below_checkpoint(const Settings& settings) {
  return settings.ledger.checkpoint_every <= settings.ledger.idle_every
             ? ""
             : duration_text(settings.ledger.idle_every) + " is less than ledger.checkpoint_every, " +
                   duration_text(settings.ledger.checkpoint_every);
}

std::string dead_letters_over_spool(const Settings& settings) {
  return settings.spool.dead_letters_max.bytes < settings.spool.max_bytes
             ? ""
             : size_text(settings.spool.dead_letters_max.bytes) + " leaves no room for events in spool.max_bytes, " +
                   size_text(settings.spool.max_bytes);
}

std::string sockets_collide(const Settings& settings) {
  const std::string_view http_path = unix_path_of(settings.intake.http.listen);
  const std::string& events = settings.intake.unix_socket.path;
  const std::string& admin = settings.admin.socket;
  const bool collide =
      (!events.empty() && (events == admin || events == http_path)) || (!admin.empty() && admin == http_path);
  return collide ? "two of intake.unix.path, intake.http.listen and admin.socket are the same path" : "";
}

bool is_loopback(std::string_view listen) {
  return listen.starts_with("127.") || listen.starts_with("[::1]:");
}

std::string open_port_warning(const HttpIntakeSettings& http) {
  if (http.listen.empty() || http.listen.starts_with(kUnixPrefix) || is_loopback(http.listen)) {
    return "";
  }
  return "intake.http.listen " + quoted(http.listen) + " is not loopback" +
         (http.bearer_token_file.empty()
              ? " and intake.http.bearer_token_file is not set: whoever reaches the port can write events"
              : ": token and events cross the network in clear; keep it on loopback, or behind what speaks TLS");
}

std::string open_socket_warning(const UnixIntakeSettings& socket) {
  constexpr unsigned kOthersMayWrite = 0002;
  if (socket.path.empty() || (socket.mode & kOthersMayWrite) == 0 || !socket.allow_uids.empty() ||
      !socket.allow_gids.empty()) {
    return "";
  }
  return "intake.unix.mode lets every user of the host write events: list who may in intake.unix.allow_uids or "
         "intake.unix.allow_gids, or take a mode such as \"0660\"";
}

std::string blank_password_warning(const StoreSettings& store, const std::string& key) {
  const Result<std::string> password = store.password.is_file() ? std::string() : store.password.reveal();
  constexpr std::string_view kBlanks = " \t";
  const bool has_blank = password && !password->empty() &&
                         (kBlanks.find(password->front()) != std::string_view::npos ||
                          kBlanks.find(password->back()) != std::string_view::npos);
  return has_blank ? key + " begins or ends with a blank: is that meant?" : "";
}

}  // namespace

std::span<const ConfigRule> config_rules() {
  static const std::vector<ConfigRule> rules{
      {{"stores.postgres.enabled", "stores.postgres.uri", "stores.postgres.uri_file"},
       {"stores.postgres.uri"},
       [](const Settings& s) { return missing_address(s.postgres, "TWINLOG_STORES_POSTGRES_URI"); }},
      {{"stores.mongodb.enabled", "stores.mongodb.uri", "stores.mongodb.uri_file"},
       {"stores.mongodb.uri"},
       [](const Settings& s) { return missing_address(s.mongodb, "TWINLOG_STORES_MONGODB_URI"); }},
      {{"stores.postgres.enabled", "stores.mongodb.enabled"}, {"stores.mongodb.enabled"}, no_store_left},
      {{"retry.first", "retry.most"}, {"retry.first", "retry.most"}, first_over_most},
      {{"intake.max_buffered", "intake.max_event"}, {"intake.max_buffered", "intake.max_event"}, buffer_below_event},
      {{"intake.max_buffered", "intake.http.max_body"},
       {"intake.http.max_body", "intake.max_buffered"},
       buffer_below_body},
      {{"agent.default_tenant", "intake.allow_tenants"}, {"agent.default_tenant"}, default_tenant_not_allowed},
      {{"ledger.origin", "agent.name"}, {"agent.name", "ledger.origin"}, origin_too_long},
      {{"ledger.checkpoint_every", "ledger.idle_every"},
       {"ledger.idle_every", "ledger.checkpoint_every"},
       idle_below_checkpoint},
      {{"spool.dead_letters_max", "spool.max_bytes"},
       {"spool.dead_letters_max", "spool.max_bytes"},
       dead_letters_over_spool},
      {{"intake.unix.path", "intake.http.listen", "admin.socket"},
       {"admin.socket", "intake.http.listen", "intake.unix.path"},
       sockets_collide},
  };
  return rules;
}

std::vector<std::string> config_warnings(const Settings& settings) {
  std::vector<std::string> warnings{open_port_warning(settings.intake.http),
                                    open_socket_warning(settings.intake.unix_socket),
                                    blank_password_warning(settings.postgres, "stores.postgres.password"),
                                    blank_password_warning(settings.mongodb, "stores.mongodb.password")};
  std::erase(warnings, "");
  return warnings;
}

}  // namespace twinlog
