// The facts of an agent that has nothing to complain of, for tests that change one of them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "agent/observe/health.h"

namespace twinlog::testing {

inline constexpr UtcMicros kNow = 1'790'000'000'000'000;  ///< 2026-09-21T14:13:20Z
inline constexpr UtcMicros kMicrosOfSecond = 1'000'000;

HealthFacts well_facts();

inline StoreFacts& postgres_of(HealthFacts& facts) {
  return facts.stores.at(static_cast<std::size_t>(StoreId::kPostgres));
}
inline StoreFacts& mongodb_of(HealthFacts& facts) {
  return facts.stores.at(static_cast<std::size_t>(StoreId::kMongodb));
}

inline StoreError error_of(Reaction reaction, std::string code, std::string words) {
  return {.reaction = reaction, .code = std::move(code), .constraint = "", .words = std::move(words)};
}

/// `events` wait for the store, the oldest for `age`.
void let_wait(StoreFacts& store, std::uint64_t events, std::chrono::seconds age);
/// The store's last `count` tries failed with this.
void let_fail(StoreFacts& store, StoreError error, std::uint64_t count = 1);

/// The component of this name; fails the test where there is none.
HealthComponent component(const HealthReport& report, std::string_view name);
inline HealthComponent judged(const HealthFacts& facts, std::string_view name) {
  return component(judge_health(facts), name);
}
/// The names of the components that are neither ok nor off.
std::vector<std::string> troubled(const HealthFacts& facts);
std::vector<std::string> warnings_of(const HealthFacts& facts);

}  // namespace twinlog::testing
