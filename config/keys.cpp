#include "config/keys.h"

#include <algorithm>
#include <array>
#include <type_traits>

namespace twinlog {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

static_assert(std::is_same_v<std::size_t, std::uint64_t>, "SizeKey and CountKey write both");

constexpr std::uint64_t kKib = 1ULL << 10U;
constexpr std::uint64_t kMib = 1ULL << 20U;
constexpr std::uint64_t kGib = 1ULL << 30U;
constexpr std::uint64_t kTib = 1ULL << 40U;

constexpr std::array<std::string_view, 3> kVolumes{"auto", "durable", "ephemeral"};
constexpr std::array<std::string_view, 2> kCompressions{"lz4", "none"};
constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info", "warn", "error", "warning"};
constexpr std::array<std::string_view, 2> kFormats{"text", "json"};

using Unix = UnixIntakeSettings;
using Http = HttpIntakeSettings;
constexpr auto kLiteral = SecretKey::Form::kLiteral;
constexpr auto kFile = SecretKey::Form::kFile;

/// The value that a path of members leads to, as in place<&Settings::agent, &AgentSettings::name>.
template <auto... kMembers>
auto& place(Settings& settings) {
  return (settings.*....*kMembers);
}

// One per section: kAgent<&AgentSettings::name> is the Place of a key.
template <auto kMember>
constexpr auto kAgent = &place<&Settings::agent, kMember>;
template <auto kMember>
constexpr auto kIntake = &place<&Settings::intake, kMember>;
template <auto kMember>
constexpr auto kUnix = &place<&Settings::intake, &IntakeSettings::unix_socket, kMember>;
template <auto kMember>
constexpr auto kHttp = &place<&Settings::intake, &IntakeSettings::http, kMember>;
template <auto kMember>
constexpr auto kAdmin = &place<&Settings::admin, kMember>;
template <auto kMember>
constexpr auto kSpool = &place<&Settings::spool, kMember>;
template <auto kMember>
constexpr auto kPostgres = &place<&Settings::postgres, kMember>;
template <auto kMember>
constexpr auto kMongodb = &place<&Settings::mongodb, kMember>;
template <auto kMember>
constexpr auto kRetry = &place<&Settings::retry, kMember>;
template <auto kMember>
constexpr auto kLedger = &place<&Settings::ledger, kMember>;

void choose_volume(Settings& settings, std::size_t index) {
  settings.spool.volume = VolumeKind(index);
}
void choose_compression(Settings& settings, std::size_t index) {
  settings.spool.compress = index == 0;
}
void choose_level(Settings& settings, std::size_t index) {
  settings.log.level = kLevels.at(index) == "warning" ? "warn" : kLevels.at(index);
}
void choose_format(Settings& settings, std::size_t index) {
  settings.log.format = LogFormat(index);
}
std::size_t chosen_volume(const Settings& settings) {
  return static_cast<std::size_t>(settings.spool.volume);
}
std::size_t chosen_compression(const Settings& settings) {
  return settings.spool.compress ? 0 : 1;
}
std::size_t chosen_level(const Settings& settings) {
  return static_cast<std::size_t>(std::find(kLevels.begin(), kLevels.end(), settings.log.level) - kLevels.begin());
}
std::size_t chosen_format(const Settings& settings) {
  return static_cast<std::size_t>(settings.log.format);
}

constexpr auto kLive = TakesEffect::kAtReload;

// The order is that of config/twinlog.toml.example.
constexpr auto kKeys = std::to_array<ConfigKey>({
    {"agent.name", TextKey{kAgent<&AgentSettings::name>, check_optional_name}},
    {"agent.default_tenant", TextKey{kAgent<&AgentSettings::default_tenant>, check_optional_name}, kLive},
    {"agent.drain_timeout", DurationKey{kAgent<&AgentSettings::drain_timeout>, milliseconds{0}, hours{1}}, kLive},
    {"agent.position_every", DurationKey{kAgent<&AgentSettings::position_every>, seconds{1}, hours{1}}},

    {"intake.max_event", SizeKey{kIntake<&IntakeSettings::max_event>, kKib, 16 * kMib}},
    {"intake.max_buffered", SizeKey{kIntake<&IntakeSettings::max_buffered>, kMib, 16 * kGib}},
    {"intake.allow_tenants", NamesKey{kIntake<&IntakeSettings::allow_tenants>, check_name}, kLive},
    {"intake.unix.path", TextKey{kUnix<&Unix::path>, check_optional_socket}},
    {"intake.unix.mode", ModeKey{kUnix<&Unix::mode>}},
    {"intake.unix.allow_uids", IdsKey{kUnix<&Unix::allow_uids>}, kLive},
    {"intake.unix.allow_gids", IdsKey{kUnix<&Unix::allow_gids>}, kLive},
    {"intake.http.listen", TextKey{kHttp<&Http::listen>, check_listen}},
    {"intake.http.bearer_token_file", TextKey{kHttp<&Http::bearer_token_file>, check_optional_file, false}},
    {"intake.http.max_events", CountKey{kHttp<&Http::max_events>, 1, 100000}},
    {"intake.http.max_body", SizeKey{kHttp<&Http::max_body>, kKib, kGib}},

    {"admin.listen", TextKey{kAdmin<&AdminSettings::listen>, check_tcp_listen}},
    {"admin.socket", TextKey{kAdmin<&AdminSettings::socket>, check_optional_socket}},
    {"admin.ready_when_full", BoolKey{kAdmin<&AdminSettings::ready_when_full>}, kLive},

    {"spool.path", TextKey{kSpool<&SpoolSettings::path>, check_folder}},
    {"spool.max_bytes", SizeKey{kSpool<&SpoolSettings::max_bytes>, 16 * kMib, 16 * kTib}},
    {"spool.volume", ChoiceKey{kVolumes, choose_volume, chosen_volume}},
    {"spool.keep_delivered", DurationKey{kSpool<&SpoolSettings::keep_delivered>, milliseconds{0}, hours{24 * 30}}},
    {"spool.dead_letters_max", ShareKey{kSpool<&SpoolSettings::dead_letters_max>, 1, 90, kMib, 16 * kTib}},
    {"spool.compression", ChoiceKey{kCompressions, choose_compression, chosen_compression}},

    {"stores.postgres.enabled", BoolKey{kPostgres<&StoreSettings::enabled>}},
    {"stores.postgres.uri", SecretKey{kPostgres<&StoreSettings::uri>, kLiteral, check_postgres_uri}},
    {"stores.postgres.uri_file", SecretKey{kPostgres<&StoreSettings::uri>, kFile, check_optional_file}},
    {"stores.postgres.password", SecretKey{kPostgres<&StoreSettings::password>, kLiteral, check_password}},
    {"stores.postgres.password_file", SecretKey{kPostgres<&StoreSettings::password>, kFile, check_optional_file}},
    {"stores.postgres.keeper_uri", SecretKey{kPostgres<&StoreSettings::keeper_uri>, kLiteral, check_postgres_uri}},
    {"stores.postgres.keeper_uri_file", SecretKey{kPostgres<&StoreSettings::keeper_uri>, kFile, check_optional_file}},
    {"stores.postgres.migrate", BoolKey{kPostgres<&StoreSettings::migrate>}},
    {"stores.postgres.batch_events", CountKey{kPostgres<&StoreSettings::batch_events>, 1, 100000}, kLive},
    {"stores.postgres.linger", DurationKey{kPostgres<&StoreSettings::linger>, milliseconds{0}, minutes{1}}, kLive},

    {"stores.mongodb.enabled", BoolKey{kMongodb<&StoreSettings::enabled>}},
    {"stores.mongodb.uri", SecretKey{kMongodb<&StoreSettings::uri>, kLiteral, check_mongodb_uri}},
    {"stores.mongodb.uri_file", SecretKey{kMongodb<&StoreSettings::uri>, kFile, check_optional_file}},
    {"stores.mongodb.password", SecretKey{kMongodb<&StoreSettings::password>, kLiteral, check_password}},
    {"stores.mongodb.password_file", SecretKey{kMongodb<&StoreSettings::password>, kFile, check_optional_file}},
    {"stores.mongodb.keeper_uri", SecretKey{kMongodb<&StoreSettings::keeper_uri>, kLiteral, check_mongodb_uri}},
    {"stores.mongodb.keeper_uri_file", SecretKey{kMongodb<&StoreSettings::keeper_uri>, kFile, check_optional_file}},
    {"stores.mongodb.migrate", BoolKey{kMongodb<&StoreSettings::migrate>}},
    {"stores.mongodb.batch_events", CountKey{kMongodb<&StoreSettings::batch_events>, 1, 100000}, kLive},
    {"stores.mongodb.linger", DurationKey{kMongodb<&StoreSettings::linger>, milliseconds{0}, minutes{1}}, kLive},

    {"retry.first", DurationKey{kRetry<&RetrySettings::first>, milliseconds{1}, hours{1}}, kLive},
    {"retry.most", DurationKey{kRetry<&RetrySettings::most>, milliseconds{1}, hours{24}}, kLive},

    {"ledger.origin", TextKey{kLedger<&LedgerSettings::origin>, check_origin}},
    {"ledger.enrolment_key_file", TextKey{kLedger<&LedgerSettings::enrolment_key_file>, check_optional_file, false}},
    {"ledger.checkpoint_every", DurationKey{kLedger<&LedgerSettings::checkpoint_every>, seconds{1}, hours{1}}},
    {"ledger.idle_every", DurationKey{kLedger<&LedgerSettings::idle_every>, seconds{1}, hours{24}}},
    {"ledger.self_audit", BoolKey{kLedger<&LedgerSettings::self_audit>}},

    {"log.level", ChoiceKey{kLevels, choose_level, chosen_level}, kLive},
    {"log.format", ChoiceKey{kFormats, choose_format, chosen_format}},
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
