// Every reading of the disk, while a spool is opened and while it is delivered, is once the one that fails, and once
// the one that gives a wrong bit, although the files are whole: nothing that was promised is gone without a word then,
// and everything is there when it reads well again. TWINLOG_SEED and TWINLOG_FAULT_AT repeat one of them.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "tests/spool/disk_life.h"
#include "tests/support/long.h"

namespace twinlog::testing {
namespace {

using rocksdb::IOStatus;
using std::chrono::seconds;

struct ReadFault {
  std::string name;
  std::function<void(FaultyFileSystem&, std::uint64_t n)> arm;
  bool is_flip = false;
  friend void PrintTo(const ReadFault& fault, std::ostream* out) { *out << fault.name; }  // NOLINT: gtest's name
};

const ReadFault all_faults[] = {
    {"OneError", [](FaultyFileSystem& disk, std::uint64_t n) { disk.fail_reads_at(n, IOStatus::IOError("planted")); }},
    {"ErrorsUntilRepaired",
     [](FaultyFileSystem& disk, std::uint64_t n) { disk.fail_reads_from(n, IOStatus::IOError("planted")); }},
    {"OneWrongBit", [](FaultyFileSystem& disk, std::uint64_t n) { disk.flip_read_at(n); }, true},
};

/// As a courier: what cannot be read is passed over on record, what the disk does not give is asked for again.
void deliver(Life& life) {
  std::uint64_t after = 0;
  for (int tries = 0; after < life.spool->last_leaf() && tries < 50; ++tries) {
    const Result<std::vector<Version>> versions = life.spool->read(after, 50, 1U << 20U);
    if (versions && !versions->empty()) {
      after = versions->back().leaf_index;
    } else if (!versions && versions.error().kind() == ErrorKind::kCorrupt) {
      const Status may_fail = life.spool->give_up_unreadable(after);
      static_cast<void>(may_fail);
    } else if (versions) {
      const Status may_fail = life.spool->note_missing({after + 1, life.spool->last_leaf()});
      static_cast<void>(may_fail);
    }
  }
}

void open_cold(Life& life) {
  open_and_make_backlog(life);
  ASSERT_TRUE(life.open().ok());
}

std::vector<Scenario> read_scenarios() {
  std::vector<Scenario> all = {{"Delivery", open_cold, deliver},
                               {"Commit", [](Life& life) { open_cold(life), life.promises.let_ids_be_forgotten(); },
                                [](Life& life) {
                                  life.offer("backlog7-", 8, 500);
                                  life.offer("new", 4, 1500);
                                  life.maintain(seconds{1});
                                  life.offer("backlog30-", 8, 500);
                                }}};
  std::ranges::copy_if(disk_scenarios(), std::back_inserter(all), [](const Scenario& each) {
    return each.name.starts_with("Start") || each.name.starts_with("Upgrade") || each.name == "DeadLetter";
  });
  return all;
}

class DiskReadLoop : public ::testing::TestWithParam<std::tuple<Scenario, ReadFault>> {
 protected:
  const Scenario& scenario() const { return std::get<0>(GetParam()); }
  const ReadFault& fault() const { return std::get<1>(GetParam()); }
  std::uint64_t reads() const {
    Life life;
    scenario().before(life);
    const std::uint64_t before = life.disk.files->reads();
    scenario().act(life);
    return life.disk.files->reads() - before;
  }
  void run(std::uint64_t n) const;
};

void DiskReadLoop::run(std::uint64_t n) const {
  SCOPED_TRACE("TWINLOG_FAULT_AT=" + std::to_string(n));
  Life life;
  scenario().before(life);
  fault().arm(*life.disk.files, n);
  scenario().act(life);
  life.disk.files->heal();
  for (int opening = 1; opening <= 2 && !HasFatalFailure(); ++opening) {
    if (!life.spool || opening > 1) {
      const Status opened = life.open();
      ASSERT_TRUE(opened.ok()) << opened.error().message();
    }
    life.recover();
    life.expect_all_is_well("opening" + std::to_string(opening) + "-", scenario().most_lost);
  }
}

TEST_P(DiskReadLoop, HarmsNoPromiseWhateverIsRead) {
  const std::uint64_t all = reads();
  if (const auto only = number_of("TWINLOG_FAULT_AT")) {
    return run(*only);
  }
  constexpr std::uint64_t kFew = 3;
  const std::uint64_t step = long_or<std::uint64_t>(1, all / kFew + 1);
  for (std::uint64_t n = 1 + number_of("TWINLOG_SEED").value_or(1) % step; n <= all + 2 && !HasFailure(); n += step) {
    run(n);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, DiskReadLoop,
                         ::testing::Combine(::testing::ValuesIn(read_scenarios()), ::testing::ValuesIn(all_faults)),
                         [](const auto& each) { return std::get<0>(each.param).name + std::get<1>(each.param).name; });

}  // namespace
}  // namespace twinlog::testing
