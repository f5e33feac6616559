// Every operation on the disk, in all that a spool does, is once the one where the power goes off, and once the one
// that fails: what was promised is there afterwards, and the spool takes events again. Twice: what a first opening
// makes of it must stand a second one. TWINLOG_SEED and TWINLOG_FAULT_AT repeat one of them.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>

#include "tests/spool/disk_life.h"
#include "tests/support/long.h"

namespace twinlog::testing {
namespace {

using rocksdb::IOStatus;
using std::chrono::seconds;

struct Fault {
  std::string name;
  std::function<void(FaultyFileSystem&, std::uint64_t n)> arm;
  bool is_power = false;
  friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }  // NOLINT: gtest's name
};

const Fault all_faults[] = {
    {"PowerLoss", [](FaultyFileSystem& disk, std::uint64_t n) { disk.power_off_at(n); }, true},
    {"OneError", [](FaultyFileSystem& disk, std::uint64_t n) { disk.fail_at(n, IOStatus::IOError("planted")); }},
    {"ErrorsUntilRepaired",
     [](FaultyFileSystem& disk, std::uint64_t n) { disk.fail_from(n, IOStatus::IOError("planted")); }},
    {"NoSpaceUntilFreed",
     [](FaultyFileSystem& disk, std::uint64_t n) { disk.fail_from(n, IOStatus::NoSpace("planted")); }},
};

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
      life.expect_all_is_well("opening" + std::to_string(opening) + "-", scenario().most_lost);
      EXPECT_TRUE(scenario().most_lost > 0 || life.spool->stats().losses.empty());
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
  constexpr std::uint64_t kFew = 3;
  const std::uint64_t step = long_or<std::uint64_t>(1, all / kFew + 1);
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
  for (const Scenario& scenario : disk_scenarios()) {
    for (const Fault& fault : all_faults) {
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
