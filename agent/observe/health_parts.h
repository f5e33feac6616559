// The components of the health page, one function each, and the words they share. Inner to agent/observe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/observe/health.h"
#include "ledger/base/quantity_words.h"

namespace twinlog {

HealthComponent judge_socket(const HealthFacts& facts);
HealthComponent judge_http(const HealthFacts& facts);
HealthComponent judge_spool(const HealthFacts& facts);
HealthComponent judge_disk(const HealthFacts& facts);
HealthComponent judge_store(const HealthFacts& facts, StoreId store);
HealthComponent judge_courier(const HealthFacts& facts, StoreId store);
HealthComponent judge_dead_letters(const HealthFacts& facts, StoreId store);
HealthComponent judge_clock(const HealthFacts& facts);
HealthComponent judge_ledger(const HealthFacts& facts);
/// How long ago the newest checkpoint was signed; nothing before the first.
std::optional<std::chrono::microseconds> checkpoint_age(const HealthFacts& facts);
std::vector<HealthWarning> health_warnings(const HealthFacts& facts);

inline constexpr std::string_view kNothingTaken =
    "Login events are refused: senders are told `busy` and must keep them. What was taken before stays safe in the "
    "spool and is still delivered.";
inline constexpr std::string_view kOnlyBaseTypes =
    "Logins, failures, locks and resets are still taken; all other event types (logout, mfa_failed, ...) are refused "
    "with `busy`.";

/// Gone, and nobody has acknowledged it: events that were promised, and leaves of the agent's own among them.
std::uint64_t lost_leaves(const SpoolStats& spool);
/// The same, and somebody knows.
std::uint64_t acknowledged_leaves(const SpoolStats& spool);
std::string leaves_words(std::uint64_t count);  ///< "1 leaf", "1,200 leaves"
/// The volume, not spool.max_bytes, says how much the spool may take.
bool is_bound_by_volume(const SpoolStats& spool);
bool is_refused_by_disk(const SpoolStats& spool);

HealthComponent unwell(std::string_view name, HealthState state, std::string_view impact, std::string diagnosis,
                       std::string action);
/// The component is what it should be.
HealthComponent well(std::string name, std::string diagnosis);
HealthComponent turned_off(std::string name, std::string diagnosis);

/// What a store that takes nothing means.
std::string impact_of_store(const HealthFacts& facts, StoreId store);
/// "SQLSTATE 23514, constraint no_robots, ", as far as the server told.
std::string code_words(StoreId store, const StoreError& error);
/// What helps against an error of a store; never empty. `config` is the agent's configuration file.
std::string advice_for(StoreId store, const StoreError& error, const std::string& config);

/// The text with a capital letter in front, but for a setting's name.
std::string sentence(std::string text);
/// The command with the agent's own configuration: "`twinlog check --stores --config /etc/...`"
std::string twinlog_command(std::string_view command, const std::string& config);
/// "", or ` Full in ...`: what becomes of the spool at its present rate.
std::string full_words(const SpoolStats& spool);

/// Of what waits for a store; nothing when nothing does.
std::optional<std::chrono::microseconds> oldest_age(const HealthFacts& facts, const StoreFacts& store);
/// The store's clock minus ours where it was measured lately.
std::optional<std::chrono::microseconds> known_clock_offset(const HealthFacts& facts, const StoreFacts& store);
/// How long the disk has answered nothing; 0: it answers.
std::chrono::microseconds disk_silence(const HealthFacts& facts);
/// Asked to drain, and still taking events.
bool is_draining(const HealthFacts& facts);
/// No way in has a connection left.
bool is_crowded(const HealthFacts& facts);
/// No event is taken now, whatever the ways in are.
bool takes_nothing(const HealthFacts& facts);
bool is_late(const HealthFacts& facts, const StoreFacts& store);
const StoreFacts& facts_of(const HealthFacts& facts, StoreId store);

}  // namespace twinlog
