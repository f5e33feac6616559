#include <algorithm>
#include <cstdio>
#include <utility>

#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

using std::chrono::microseconds;

StoreId other_store(StoreId store) {
  return store == StoreId::kPostgres ? StoreId::kMongodb : StoreId::kPostgres;
}

std::string component_name(std::string_view kind, StoreId store) {
  return std::string(kind) + "_" + std::string(store_name(store));
}

std::string waiting_words(const HealthFacts& facts, const StoreFacts& store) {
  std::string words = count_words(store.backlog.events, "event");
  if (const auto age = oldest_age(facts, store)) {
    words += ", the oldest for " + time_words(*age);
  }
  return words;
}

std::string failure_words(const HealthFacts& facts, StoreId id, const CourierStatus& courier) {
  std::string words = sentence(courier.last_error->words) + ". " + code_words(id, *courier.last_error) +
                      count_words(courier.failures_in_a_row, "failure") + " in a row since " +
                      utc_text(courier.first_failure_at);
  if (courier.next_try_at) {
    const auto wait = std::chrono::duration_cast<microseconds>(*courier.next_try_at - facts.steady_now);
    words += wait.count() > 0 ? ", next try in " + time_words(wait) : ", trying now";
  }
  return words + ".";
}

/// It passes by itself, and people are told only when it does not.
bool is_passing(const CourierStatus& courier) {
  const Reaction reaction = courier.last_error->reaction;
  return (reaction == Reaction::kRetry || reaction == Reaction::kRetrySmaller) &&
         courier.failures_in_a_row < kPassingFailures;
}

microseconds silence(const HealthFacts& facts, const CourierStatus& courier) {
  return courier.in_store_since ? std::chrono::duration_cast<microseconds>(facts.steady_now - *courier.in_store_since)
                                : microseconds{0};
}

HealthComponent incomplete(const HealthFacts& facts, StoreId id) {
  const std::string since = utc_text(*facts_of(facts, id).incomplete_since);
  const bool has_other = facts_of(facts, other_store(id)).is_enabled;
  const std::string other = has_other ? std::string(store_title(other_store(id))) : "a backup";
  return {.name = component_name("store", id),
          .state = HealthState::kDegraded,
          .impact = std::string(takes_nothing(facts) ? "" : "New events are taken and delivered. ") +
                    sentence(std::string(store_title(id))) + " may lack events accepted since " + since +
                    (has_other ? "; " + other + " has its own copy." : "; there is no second copy."),
          .diagnosis =
              "It was emptied or restored from a backup and lost more than the spool still had; it may be "
              "incomplete since " +
              since + ".",
          .action = "Refill it from " + other + ": copy the records accepted (received_at) since " + since +
                    " that are missing. Raise spool.keep_delivered above the age of your backups for next time."};
}

HealthComponent silent(const HealthFacts& facts, StoreId id) {
  return {.name = component_name("store", id),
          .state = HealthState::kDegraded,
          .impact = impact_of_store(facts, id),
          .diagnosis = sentence(std::string(store_title(id))) + " has not answered for " +
                       time_words(silence(facts, facts_of(facts, id).courier)) +
                       "; twinlog waits for it, up to the limit of the call.",
          .action = "See whether the server hangs (load, locks, disk) or a firewall drops packets; " +
                    twinlog_command("check --stores", facts.known.config) + " tries a connection."};
}

}  // namespace

std::string impact_of_store(const HealthFacts& facts, StoreId id) {
  const StoreFacts& store = facts_of(facts, id);
  const StoreFacts& other = facts_of(facts, other_store(id));
  std::string words = takes_nothing(facts) ? "No login event is taken for another reason; what was taken is kept in "
                                             "the spool, and "
                                           : "Login events are still taken and kept in the spool; ";
  words += store_title(id);
  words += store.backlog.events == 0 ? " lacks nothing so far" : " lacks " + waiting_words(facts, store);
  words += other.is_enabled && !other.courier.last_error && other.courier.is_connected
               ? "; " + std::string(store_title(other_store(id))) + " gets everything."
               : ".";
  if (facts.is_volume_ephemeral && store.backlog.events > 0) {
    words += " The spool's volume goes with the pod: what waits would be lost with it.";
  }
  return words + full_words(facts.spool);
}

std::string code_words(StoreId store, const StoreError& error) {
  std::string words;
  if (!error.code.empty()) {
    words += (store == StoreId::kPostgres ? "SQLSTATE " : "code ") + error.code + ", ";
  }
  if (!error.constraint.empty()) {
    words += "constraint " + error.constraint + ", ";
  }
  return words;
}

HealthComponent judge_store(const HealthFacts& facts, StoreId id) {
  const StoreFacts& store = facts_of(facts, id);
  const std::string name = component_name("store", id);
  if (!store.is_enabled) {
    return turned_off(name, "Turned off: " + ("stores." + std::string(store_name(id))) + ".enabled is false.");
  }
  if (facts.phase == Phase::kStarting) {
    return well(name, "Not connected yet: twinlog is starting.");
  }
  const CourierStatus& courier = store.courier;
  if (courier.last_error && !courier.is_error_ours && !is_passing(courier)) {
    return {.name = name,
            .state = HealthState::kDegraded,
            .impact = impact_of_store(facts, id),
            .diagnosis = failure_words(facts, id, courier),
            .action = advice_for(id, *courier.last_error, facts.known.config)};
  }
  if (silence(facts, courier) > kSilentAfter) {
    return silent(facts, id);
  }
  if (store.incomplete_since) {
    return incomplete(facts, id);
  }
  if (!courier.is_connected) {
    return well(name, "Connecting.");
  }
  return well(name, "Connected" +
                        (courier.connected_since ? " since " + utc_text(*courier.connected_since) : std::string()) +
                        "; it takes what is sent.");
}

HealthComponent judge_courier(const HealthFacts& facts, StoreId id) {
  const StoreFacts& store = facts_of(facts, id);
  const std::string name = component_name("courier", id);
  const std::string title(store_title(id));
  if (!store.is_enabled) {
    return turned_off(name, "Nothing to carry: the store is turned off.");
  }
  if (facts.phase == Phase::kStarting) {
    return well(name, "Not started yet.");
  }
  if (!store.has_courier_ticked) {
    return {.name = name,
            .state = HealthState::kFailing,
            .impact = impact_of_store(facts, id),
            .diagnosis = "The thread that delivers to " + title + " has not moved for more than 90 s.",
            .action =
                "Restart twinlog (`systemctl restart twinlog`; Kubernetes does it by /livez), keep the log and "
                "report it as a defect; the spool keeps what waits."};
  }
  const CourierStatus& courier = store.courier;
  if (courier.last_error && courier.is_error_ours && !courier.is_held_by_letters) {
    return {.name = name,
            .state = HealthState::kDegraded,
            .impact = impact_of_store(facts, id),
            .diagnosis = failure_words(facts, id, courier),
            .action = "Keep a copy of " + facts.known.spool_path + " and check its disk (`dmesg`, `df -h " +
                      facts.known.spool_path + "`); see also the components spool and disk."};
  }
  if (courier.is_position_ahead) {
    return {.name = name,
            .state = HealthState::kDegraded,
            .impact = "New events are taken and delivered. What " + title +
                      " took from the newer spool may be missing in the other store.",
            .diagnosis = title + " already knows more of this spool than the spool itself: " + facts.known.spool_path +
                         " was set back to an older copy, or a copy of it is used by another agent.",
            .action =
                "Make sure that no other agent runs on a copy of this spool (`SELECT * FROM twinlog_agents`), "
                "then compare both stores. The note stays until twinlog restarts, once spool.keep_delivered is over."};
  }
  if (!is_late(facts, store)) {
    return well(name, store.backlog.events == 0 ? "Everything is delivered."
                                                : "On time: " + waiting_words(facts, store) + ", to be delivered.");
  }
  const bool is_held = courier.last_error.has_value() || !courier.is_connected;
  const std::string key = "stores." + std::string(store_name(id));
  return {.name = name,
          .state = HealthState::kDegraded,
          .impact = impact_of_store(facts, id),
          .diagnosis =
              (is_held ? "Waits for " + title + ": " : "Late, but delivering: ") + waiting_words(facts, store) + ".",
          .action = is_held ? "See the component " +
                                  component_name(courier.is_held_by_letters ? "dead_letters" : "store", id) + "."
                            : "It catches up by itself unless more comes in than " + title +
                                  " takes: look at its load, locks and disk, or raise " + key + ".batch_events."};
}

HealthComponent judge_clock(const HealthFacts& facts) {
  std::string measured;
  std::string off;
  int ahead = 0;
  int behind = 0;
  int known = 0;
  for (const StoreId id : {StoreId::kPostgres, StoreId::kMongodb}) {
    const auto offset = known_clock_offset(facts, facts_of(facts, id));
    if (!offset) {
      continue;
    }
    ++known;
    const std::string words = "the clock of " + std::string(store_title(id)) + " is " +
                              time_words(std::chrono::abs(*offset)) + (offset->count() < 0 ? " behind" : " ahead of") +
                              " this host's";
    measured += (measured.empty() ? "" : ", ") + words;
    if (std::chrono::abs(*offset) > kClockOffsetMost) {
      ++(offset->count() < 0 ? behind : ahead);
      off += (off.empty() ? "" : ", ") + words;
    }
  }
  if (off.empty()) {
    return well("clock",
                known == 0 ? "Not measured: no store was reached in the last minutes." : sentence(measured) + ".");
  }
  const bool is_ours = known > 1 && (ahead == known || behind == known);
  return {.name = "clock",
          .state = HealthState::kDegraded,
          .impact =
              "Nothing is lost. received_at and effective_at of new records are off by as much as the clock of "
              "this host is wrong, and locks look longer or shorter to whoever reads them on the other host.",
          .diagnosis = sentence(off) + (is_ours ? ": this host's own clock is the likely culprit." : "."),
          .action = "Check the time of " + std::string(is_ours ? "this host" : "both hosts") +
                    " (`timedatectl`, `chronyc tracking`) and let NTP correct it."};
}

}  // namespace twinlog
