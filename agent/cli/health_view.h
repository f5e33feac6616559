// The health page (docs/OPERATING.md) as `twinlog status` shows it to people. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/terminal.h"

namespace twinlog {

/// As on the page; text that is absent is "".
struct HealthView {
  struct Component {
    std::string name, state, impact, diagnosis, action;
  };
  struct Store {
    std::string name;
    bool is_enabled = true;
    bool is_connected = false;
    std::uint64_t backlog_events = 0;
    std::uint64_t backlog_bytes = 0;
    std::uint64_t delivered = 0;  ///< Since the agent's start.
    std::optional<double> oldest_age_seconds;
    std::uint64_t conflicts = 0;
    std::string incomplete_since;
    std::string error_class;
    std::optional<double> next_try_in_seconds;
    std::uint64_t dead_letters = 0;
  };
  struct Spool {
    std::string path, volume;
    std::uint64_t size_bytes = 0, max_bytes = 0, records = 0, waiting = 0, lost_events = 0;
    bool is_full = false;
    std::optional<double> full_in_seconds;
  };
  struct Ledger {
    std::string verifier_key, checkpoint_at;
    std::uint64_t checkpoint_size = 0;
    std::uint64_t leaves = 0;  ///< Of the epoch under way.
    bool is_throw_away = false;
  };
  struct Warning {
    std::string name, words, action;
  };

  std::string state, summary, agent, version, phase, started_at, now;
  std::vector<Component> components;
  std::vector<Store> stores;
  Spool spool;
  Ledger ledger;  ///< Its key is "" where the agent is older than the ledger, or starting.
  std::vector<Warning> warnings;

  bool is_ok() const { return state == "ok"; }
};

/// Nothing when it is no health page. Members that this build does not know are passed over.
std::optional<HealthView> read_health(std::string_view json);

/// Several lines. First the overall state and its sentence, then what is not well with impact, diagnosis and action,
/// then stores, spool, ledger and warnings.
std::string health_text(const HealthView& view, Colours colours);

}  // namespace twinlog
