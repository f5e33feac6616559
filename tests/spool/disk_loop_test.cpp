// Every operation on the disk, in all that a spool does, is once the one where the power goes off, and once the one
// that fails: what was promised is there afterwards, and the spool takes events again. Twice: what a first opening
// makes of it must stand a second one. TWINLOG_SEED and TWINLOG_FAULT_AT repeat one of them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "tests/spool/promises.h"
#include "tests/spool/spool_fixture.h"
#include "tests/support/long.h"

namespace twinlog::testing {
namespace {

namespace fs = std::filesystem;
using rocksdb::IOStatus;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A spool on a disk of its own, and all that was promised there.
struct Life {
  TempFolder folder;
  FaultyDisk disk;
  VirtualClock clock;
  SeededRandom random{7};
  RocksSpoolSettings settings;
  Promises promises;
  std::unique_ptr<Spool> spool;

  Life() {
    settings.path = folder.path("spool");
    settings.agent = "auth-1";
    settings.env = disk.env.get();
    settings.write_buffer_bytes = 64U << 10U;
    settings.max_bytes = 16U << 20U;
    settings.keep_delivered = milliseconds{0};
  }
  Status open() {
    spool.reset();
    Result<std::unique_ptr<Spool>> opened = open_rocks_spool(settings, random, clock);
    if (!opened) {
      return opened.error();
    }
    spool = std::move(*opened);
    return {};
  }
  void offer(const std::string& prefix, std::size_t count, std::size_t filler_bytes = 0) {
    clock.advance(milliseconds{1});
    promises.offer(*spool, make_events(prefix, count, {.filler_bytes = filler_bytes}), clock.utc_now());
  }
  void maintain(milliseconds after) {
    clock.advance(after);
    const Status may_be_broken = spool->maintain(clock.steady_now());
    static_cast<void>(may_be_broken);
  }
  void move(StoreId store, std::uint64_t leaf) { promises.move_cursor(*spool, store, leaf); }
  /// Some attempts of a spool that met a fault which is over.
  void recover() {
    for (int i = 0; i < 5 && !spool->stats().trouble.empty(); ++i) {
      maintain(seconds{40});
    }
  }
};

/// Some tables, some logs, stores that lag.
void make_backlog(Life& life) {
  for (int i = 0; i < 40; ++i) {
    life.offer("backlog" + std::to_string(i) + "-", 8, 500);
  }
  life.move(StoreId::kPostgres, 120);
  life.move(StoreId::kMongodb, 60);
  life.maintain(seconds{1});
}

struct Scenario {
  std::string name;
  std::function<void(Life&)> before;
  /// Where the faults happen.
  std::function<void(Life&)> act;
  friend void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }
};

void open_and_make_backlog(Life& life) {
  ASSERT_TRUE(life.open().ok());
  make_backlog(life);
}

void open_if_it_can(Life& life) {
  if (life.open().ok()) {
    life.offer("first", 3);
    life.maintain(seconds{1});
  }
}

/// It is put together anew then, and nothing is lost.
void damage_manifest(const std::string& folder) {
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().filename().string().starts_with("MANIFEST-")) {
      FaultyFileSystem::flip(file.path().string(), file.file_size() / 2);
    }
  }
}

const Scenario kScenarios[] = {
    {"FirstStart", [](Life&) {}, open_if_it_can},
    {"Start", [](Life& life) { open_and_make_backlog(life), life.spool.reset(); }, open_if_it_can},
    {"StartAfterDamage",
     [](Life& life) {
       open_and_make_backlog(life);
       life.spool.reset();
       damage_manifest(life.settings.path);
       life.promises.let_ids_be_forgotten();
     },
     open_if_it_can},
    {"Commit", open_and_make_backlog,
     [](Life& life) {
       for (int i = 0; i < 24; ++i) {
         life.offer("more" + std::to_string(i) + "-", 4, 1500);
       }
     }},
    {"Rewind",
     [](Life& life) {
       open_and_make_backlog(life);
       life.move(StoreId::kPostgres, 250);
       life.move(StoreId::kMongodb, 300);
       ASSERT_TRUE(life.spool->sync().ok());
     },
     [](Life& life) {
       life.move(StoreId::kMongodb, 70);
       life.offer("after", 2);
       life.move(StoreId::kPostgres, 100);
     }},
    {"Trim", open_and_make_backlog,
     [](Life& life) {
       for (std::uint64_t leaf = 130; leaf < 300; leaf += 40) {
         life.move(StoreId::kPostgres, leaf);
         life.move(StoreId::kMongodb, leaf);
         life.maintain(seconds{1});
       }
     }},
    {"Close", open_and_make_backlog,
     [](Life& life) {
       life.offer("last", 2);
       const Status may_be_broken = life.spool->sync();
       static_cast<void>(may_be_broken);
       life.spool.reset();
     }},
};

struct Fault {
  std::string name;
  std::function<void(FaultyFileSystem&, std::uint64_t n)> arm;
  bool is_power = false;
  friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }
};

const Fault kFaults[] = {
    {"PowerLoss", [](FaultyFileSystem& disk, std::uint64_t n) { disk.power_off_at(n); }, true},
    {"OneError", [](FaultyFileSystem& disk, std::uint64_t n) { disk.fail_at(n, IOStatus::IOError("planted")); }},
    {"ErrorsUntilRepaired",
     [](FaultyFileSystem& disk, std::uint64_t n) { disk.fail_from(n, IOStatus::IOError("planted")); }},
    {"NoSpaceUntilFreed",
     [](FaultyFileSystem& disk, std::uint64_t n) { disk.fail_from(n, IOStatus::NoSpace("planted")); }},
};

std::optional<std::uint64_t> number_of(const char* variable) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): read before any thread is started
  return text != nullptr ? std::optional(std::strtoull(text, nullptr, 10)) : std::nullopt;
}

class DiskLoop : public ::testing::TestWithParam<std::tuple<Scenario, Fault>> {
 protected:
  const Scenario& scenario() const { return std::get<0>(GetParam()); }
  const Fault& fault() const { return std::get<1>(GetParam()); }

  /// How many operations the scenario takes when nothing fails; background work makes some difference.
  std::uint64_t operations() const {
    Life life;
    scenario().before(life);
    const std::uint64_t before = life.disk.files->operations();
    scenario().act(life);
    return life.disk.files->operations() - before;
  }

  void run(std::uint64_t n, std::uint64_t seed) const;

 private:
  static void power_back(Life& life, std::mt19937_64& random);
  static void repair(Life& life);
  static void expect_all_is_well(Life& life, const std::string& log_id);
};

/// Maybe it goes off again while the spool is opened.
void DiskLoop::power_back(Life& life, std::mt19937_64& random) {
  life.spool.reset();
  life.disk.files->crash(random());
  if (random() % 2 == 0) {
    life.disk.files->power_off_at(1 + random() % 80);
    const Status may_be_cut_short = life.open();
    static_cast<void>(may_be_cut_short);
    life.spool.reset();
    life.disk.files->crash(random());
  }
  const Status opened = life.open();
  ASSERT_TRUE(opened.ok()) << opened.error().message();
}

void DiskLoop::repair(Life& life) {
  for (int i = 0; i < 2 && life.spool; ++i) {
    life.maintain(seconds{1});
    life.offer("while-broken" + std::to_string(i), 1);
  }
  life.disk.files->heal();
  if (!life.spool) {
    const Status opened = life.open();
    ASSERT_TRUE(opened.ok()) << opened.error().message();
  }
  life.recover();
}

void DiskLoop::expect_all_is_well(Life& life, const std::string& log_id) {
  life.promises.check(*life.spool);
  EXPECT_TRUE(life.spool->stats().losses.empty());
  EXPECT_EQ(life.spool->stats().trouble, "");
  const std::size_t before = life.promises.size();
  life.maintain(seconds{40});
  life.offer(log_id, 2);
  EXPECT_EQ(life.promises.size(), before + 2) << "nothing is taken although nothing fails any more";
}

void DiskLoop::run(std::uint64_t n, std::uint64_t seed) const {
  SCOPED_TRACE("TWINLOG_SEED=" + std::to_string(seed) + " TWINLOG_FAULT_AT=" + std::to_string(n));
  std::mt19937_64 random(seed * 1'000'003 + n);
  Life life;
  life.disk.files->set_after_failed_sync(random() % 2 == 0 ? DiskContent::AfterFailure::kStillRead
                                                           : DiskContent::AfterFailure::kDropped);
  scenario().before(life);
  fault().arm(*life.disk.files, n);
  scenario().act(life);
  for (int opening = 1; opening <= 2 && !HasFatalFailure(); ++opening) {
    if (fault().is_power || opening > 1) {
      power_back(life, random);
    } else {
      repair(life);
    }
    if (!HasFatalFailure()) {
      expect_all_is_well(life, "opening" + std::to_string(opening) + "-");
    }
  }
}

TEST_P(DiskLoop, HarmsNoPromiseWhateverTheOperation) {
  const std::uint64_t all = operations();
  const std::uint64_t first_seed = number_of("TWINLOG_SEED").value_or(1);
  if (const auto only = number_of("TWINLOG_FAULT_AT")) {
    return run(*only, first_seed);
  }
  // A submission takes some of the operations, others with each seed.
  const std::uint64_t step = long_or<std::uint64_t>(1, all / 8 + 1);
  for (std::uint64_t seed = first_seed; seed < first_seed + long_or<std::uint64_t>(5, 1); ++seed) {
    for (std::uint64_t n = 1 + seed % step; n <= all + 2 && !HasFailure(); n += step) {
      run(n, seed);
    }
  }
}

/// All but one: where one write to MANIFEST fails while a family is made, and the next one does not, RocksDB 7.8.3 ends
/// the process by an assertion (cfd->initialized(), compiled into Debian's library). It is then as a kill, which is
/// tried elsewhere; here it would end the test.
std::vector<std::tuple<Scenario, Fault>> cases() {
  std::vector<std::tuple<Scenario, Fault>> all;
  for (const Scenario& scenario : kScenarios) {
    for (const Fault& fault : kFaults) {
      if (scenario.name != "StartAfterDamage" || fault.name != "OneError") {
        all.emplace_back(scenario, fault);
      }
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Each, DiskLoop, ::testing::ValuesIn(cases()),
                         [](const auto& each) { return std::get<0>(each.param).name + std::get<1>(each.param).name; });

}  // namespace
}  // namespace twinlog::testing
