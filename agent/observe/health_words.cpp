#include <algorithm>
#include <utility>

#include "agent/observe/health_parts.h"

namespace twinlog {

using std::chrono::microseconds;

namespace {

template <typename Losses>
std::uint64_t leaves_in(const Losses& losses) {
  std::uint64_t leaves = 0;
  for (const Loss& loss : losses) {
    leaves += loss.leaves.last - loss.leaves.first + 1;
  }
  return leaves;
}

}  // namespace

std::string_view store_title(StoreId store) {
  return store == StoreId::kPostgres ? "PostgreSQL" : "the document store";
}

std::uint64_t lost_leaves(const SpoolStats& spool) {
  return leaves_in(spool.losses);
}

std::uint64_t acknowledged_leaves(const SpoolStats& spool) {
  return leaves_in(spool.acknowledged);
}

std::string leaves_words(std::uint64_t count) {
  return grouped(count) + (count == 1 ? " leaf" : " leaves");
}

bool is_bound_by_volume(const SpoolStats& spool) {
  return spool.limit_bytes > 0 && spool.limit_bytes < spool.max_bytes;
}

bool is_refused_by_disk(const SpoolStats& spool) {
  return !spool.writable || !spool.trouble.empty();
}

HealthComponent unwell(std::string_view name, HealthState state, std::string_view impact, std::string diagnosis,
                       std::string action) {
  return {.name = std::string(name),
          .state = state,
          .impact = std::string(impact),
          .diagnosis = std::move(diagnosis),
          .action = std::move(action)};
}

HealthComponent well(std::string name, std::string diagnosis) {
  return {.name = std::move(name),
          .state = HealthState::kOk,
          .impact = "",
          .diagnosis = std::move(diagnosis),
          .action = ""};
}

HealthComponent turned_off(std::string name, std::string diagnosis) {
  HealthComponent component = well(std::move(name), std::move(diagnosis));
  component.state = HealthState::kOff;
  return component;
}

std::string sentence(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z' && !text.starts_with("stores.")) {
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  }
  return text;
}

std::string twinlog_command(std::string_view command, const std::string& config) {
  return "`twinlog " + std::string(command) + " --config " + (config.empty() ? "FILE" : config) + "`";
}

std::string full_words(const SpoolStats& spool) {
  constexpr std::chrono::hours kWorthSaying{48};
  if (spool.is_full || !spool.full_in || *spool.full_in > kWorthSaying) {
    return "";
  }
  return " At the last minute's rate the spool is full in " + time_words(*spool.full_in) +
         "; from then on senders are told to come again later.";
}

std::optional<microseconds> oldest_age(const HealthFacts& facts, const StoreFacts& store) {
  const auto& oldest = store.backlog.oldest_received_at;
  // The clock may have been set back since.
  return oldest ? std::optional(microseconds{std::max<std::int64_t>(0, facts.now - *oldest)}) : std::nullopt;
}

std::optional<microseconds> known_clock_offset(const HealthFacts& facts, const StoreFacts& store) {
  const bool is_known = store.is_enabled && facts.steady_now - store.courier.clock_measured_at <= kClockKnownFor;
  return is_known ? store.courier.clock_offset : std::nullopt;
}

microseconds disk_silence(const HealthFacts& facts) {
  const microseconds longest = std::max(facts.write_age, facts.look_age);
  return facts.phase == Phase::kRunning && longest >= kDiskHangsAfter ? longest : microseconds{0};
}

bool is_draining(const HealthFacts& facts) {
  return facts.phase == Phase::kRunning &&
         std::ranges::any_of(facts.stores, [](const StoreFacts& store) { return store.courier.is_draining; });
}

bool is_crowded(const HealthFacts& facts) {
  return (facts.socket.is_on || facts.http.is_on) && (!facts.socket.is_on || facts.socket.is_full) &&
         (!facts.http.is_on || facts.http.is_full);
}

bool takes_nothing(const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  return facts.phase != Phase::kRunning || !facts.has_writer_ticked || !spool.writable || spool.is_full ||
         disk_silence(facts).count() > 0 || !spool.trouble.empty();
}

bool is_late(const HealthFacts& facts, const StoreFacts& store) {
  return oldest_age(facts, store).value_or(microseconds{0}) > kLateAfter;
}

const StoreFacts& facts_of(const HealthFacts& facts, StoreId store) {
  return facts.stores.at(static_cast<std::size_t>(store));
}

}  // namespace twinlog
