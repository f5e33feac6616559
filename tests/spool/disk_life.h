// What a spool does on a disk of its own, scenario by scenario, for the loops that make the disk fail.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "spool/rocks_spool.h"
#include "tests/spool/faulty_file_system.h"
#include "tests/spool/promises.h"
#include "tests/support/simulation.h"
#include "tests/support/temp_folder.h"

namespace twinlog::testing {

/// A spool on a disk of its own, and all that was promised there.
struct Life {
  TempFolder folder;
  FaultyDisk disk;
  VirtualClock clock;
  SeededRandom random{7};
  RocksSpoolSettings settings;
  Promises promises;
  std::unique_ptr<Spool> spool;

  Life();
  Status open();
  void offer(const std::string& prefix, std::size_t count, std::size_t filler_bytes = 0);
  void maintain(std::chrono::milliseconds after);
  void move(StoreId store, std::uint64_t leaf) { promises.move_cursor(*spool, store, leaf); }
  /// Some attempts of a spool that met a fault which is over.
  void recover();
  /// Nothing fails any more: everything is there, but for what may be on record as lost, and events are taken again.
  void expect_all_is_well(const std::string& log_id, std::size_t most_lost);
};

struct Scenario {
  std::string name;
  std::function<void(Life&)> before;
  /// Where the faults happen.
  std::function<void(Life&)> act;
  std::size_t most_lost = 0;
  friend void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }  // NOLINT: gtest's name
};

/// A first start, a start, two after damage, upgrades, commits, cursors that go back, trimming, dead letters, an end.
std::vector<Scenario> disk_scenarios();

/// A spool with some tables, some logs, and stores that lag.
void open_and_make_backlog(Life& life);
void open_if_it_can(Life& life);
/// It is put together anew when it is opened then, and nothing is lost.
void damage_manifest(const std::string& folder);

/// TWINLOG_SEED, TWINLOG_FAULT_AT: to repeat one round.
std::optional<std::uint64_t> number_of(const char* variable);

}  // namespace twinlog::testing
