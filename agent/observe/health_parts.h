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
HealthComponent judge_clock(const HealthFacts& facts);
std::vector<HealthWarning> health_warnings(const HealthFacts& facts);

/// The component is what it should be.
HealthComponent well(std::string name, std::string diagnosis);
HealthComponent turned_off(std::string name, std::string diagnosis);

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
