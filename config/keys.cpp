#include "config/keys.h"

#include <algorithm>
#include <array>
#include <type_traits>

namespace twinlog {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

static_assert(std::is_same_v<std::size_t, std::uint64_t>, "SizeKey and CountKey write both");

constexpr std::uint64_t kKib = 1ULL << 10U;
constexpr std::uint64_t kMib = 1ULL << 20U;
constexpr std::uint64_t kGib = 1ULL << 30U;
constexpr std::uint64_t kTib = 1ULL << 40U;

constexpr std::array<std::string_view, 3> kVolumes{"auto", "durable", "ephemeral"};
constexpr std::array<std::string_view, 2> kCompressions{"lz4", "none"};
constexpr std::array<std::string_view, 5> kLevels{"trace", "debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 2> kFormats{"text", "json"};

constexpr auto kLiteral = SecretKey::Form::kLiteral;
constexpr auto kFile = SecretKey::Form::kFile;

// The order is that of config/twinlog.toml.example.
constexpr auto kKeys = std::to_array<ConfigKey>({
    {"agent.name", TextKey{[](Settings& s) -> auto& { return s.agent.name;
}  // namespace
, check_optional_name
}  // namespace twinlog
}
, {"agent.default_tenant", TextKey{[](Settings & s) -> auto& {return s.agent.default_tenant;
}
, check_optional_name
}
}
, {"agent.drain_timeout", DurationKey{[](Settings & s) -> auto& {return s.agent.drain_timeout;
}
, milliseconds{0}, hours {
  1
}
}
}
,

    {"intake.max_event", SizeKey{[](Settings & s) -> auto& {return s.intake.max_event;
}
, kKib, 16 * kMib
}
}
, {"intake.max_buffered", SizeKey{[](Settings & s) -> auto& {return s.intake.max_buffered;
}
, kMib, 16 * kGib
}
}
, {"intake.allow_tenants", NamesKey{[](Settings & s) -> auto& {return s.intake.allow_tenants;
}
, check_name
}
}
, {"intake.unix.path", TextKey{[](Settings & s) -> auto& {return s.intake.unix_socket.path;
}
, check_optional_socket
}
}
, {"intake.unix.mode", ModeKey{[](Settings & s) -> auto& {return s.intake.unix_socket.mode;
}
}
}
, {"intake.unix.allow_uids", IdsKey{[](Settings & s) -> auto& {return s.intake.unix_socket.allow_uids;
}
}
}
, {"intake.unix.allow_gids", IdsKey{[](Settings & s) -> auto& {return s.intake.unix_socket.allow_gids;
}
}
}
, {"intake.http.listen", TextKey{[](Settings & s) -> auto& {return s.intake.http.listen;
}
, check_listen
}
}
, {"intake.http.bearer_token_file", TextKey{[](Settings & s) -> auto& {return s.intake.http.bearer_token_file;
}
, check_optional_file, false
}
}
, {"intake.http.max_events", CountKey{[](Settings & s) -> auto& {return s.intake.http.max_events;
}
, 1, 100000
}
}
, {"intake.http.max_body", SizeKey{[](Settings & s) -> auto& {return s.intake.http.max_body;
}
, kKib, kGib
}
}
,

    {"admin.listen", TextKey{[](Settings & s) -> auto& {return s.admin.listen;
}
, check_tcp_listen
}
}
, {"admin.socket", TextKey{[](Settings & s) -> auto& {return s.admin.socket;
}
, check_optional_socket
}
}
, {"admin.ready_when_full", BoolKey{[](Settings & s) -> auto& {return s.admin.ready_when_full;
}
}
}
,

    {"spool.path", TextKey{[](Settings & s) -> auto& {return s.spool.path;
}
, check_folder
}
}
, {"spool.max_bytes", SizeKey{[](Settings & s) -> auto& {return s.spool.max_bytes;
}
, 16 * kMib, 16 * kTib
}
}
, {"spool.volume", ChoiceKey{kVolumes, [](Settings& s, std::size_t i) { s.spool.volume = VolumeKind(i); }}},
    {"spool.keep_delivered", DurationKey{[](Settings & s) -> auto& {return s.spool.keep_delivered;
}
, milliseconds{0}, hours {
  24 * 30
}
}
}
, {"spool.compression", ChoiceKey{kCompressions, [](Settings& s, std::size_t i) { s.spool.compress = i == 0; }}},

    {"stores.postgres.enabled", BoolKey{[](Settings & s) -> auto& {return s.postgres.enabled;
}
}
}
, {"stores.postgres.uri", SecretKey{[](Settings & s) -> auto& {return s.postgres.uri;
}
, kLiteral, check_postgres_uri
}
}
, {"stores.postgres.uri_file", SecretKey{[](Settings & s) -> auto& {return s.postgres.uri;
}
, kFile, check_optional_file
}
}
, {"stores.postgres.password", SecretKey{[](Settings & s) -> auto& {return s.postgres.password;
}
, kLiteral, check_password
}
}
, {"stores.postgres.password_file", SecretKey{[](Settings & s) -> auto& {return s.postgres.password;
}
, kFile, check_optional_file
}
}
, {"stores.postgres.migrate", BoolKey{[](Settings & s) -> auto& {return s.postgres.migrate;
}
}
}
, {"stores.postgres.batch_events", CountKey{[](Settings & s) -> auto& {return s.postgres.batch_events;
}
, 1, 100000
}
}
, {"stores.postgres.linger", DurationKey{[](Settings & s) -> auto& {return s.postgres.linger;
}
, milliseconds{0}, minutes {
  1
}
}
}
,

    {"stores.mongodb.enabled", BoolKey{[](Settings & s) -> auto& {return s.mongodb.enabled;
}
}
}
, {"stores.mongodb.uri", SecretKey{[](Settings & s) -> auto& {return s.mongodb.uri;
}
, kLiteral, check_mongodb_uri
}
}
, {"stores.mongodb.uri_file", SecretKey{[](Settings & s) -> auto& {return s.mongodb.uri;
}
, kFile, check_optional_file
}
}
, {"stores.mongodb.password", SecretKey{[](Settings & s) -> auto& {return s.mongodb.password;
}
, kLiteral, check_password
}
}
, {"stores.mongodb.password_file", SecretKey{[](Settings & s) -> auto& {return s.mongodb.password;
}
, kFile, check_optional_file
}
}
, {"stores.mongodb.migrate", BoolKey{[](Settings & s) -> auto& {return s.mongodb.migrate;
}
}
}
, {"stores.mongodb.batch_events", CountKey{[](Settings & s) -> auto& {return s.mongodb.batch_events;
}
, 1, 100000
}
}
, {"stores.mongodb.linger", DurationKey{[](Settings & s) -> auto& {return s.mongodb.linger;
}
, milliseconds{0}, minutes {
  1
}
}
}
,

    {"retry.first", DurationKey{[](Settings & s) -> auto& {return s.retry.first;
}
, milliseconds{1}, hours {
  1
}
}
}
, {"retry.most", DurationKey{[](Settings & s) -> auto& {return s.retry.most;
}
, milliseconds{1}, hours {
  24
}
}
}
,

    {"ledger.origin", TextKey{[](Settings & s) -> auto& {return s.ledger.origin;
}
, check_origin
}
}
,

    {"log.level", ChoiceKey{kLevels, [](Settings& s, std::size_t i) { s.log.level = kLevels.at(i); }}},
    {"log.format", ChoiceKey{kFormats, [](Settings& s, std::size_t i) { s.log.format = LogFormat(i); }}},
});

}  // namespace

std::span<const ConfigKey> config_keys() {
  return kKeys;
}

const ConfigKey* find_key(std::string_view path) {
  const auto* const found =
      std::find_if(kKeys.begin(), kKeys.end(), [&](const ConfigKey& key) { return key.path == path; });
  return found == kKeys.end() ? nullptr : found;
}

bool is_section(std::string_view path) {
  return std::any_of(kKeys.begin(), kKeys.end(), [&](const ConfigKey& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) && key.path[path.size()] == '.';
  });
}

}  // namespace twinlog
