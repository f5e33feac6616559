#include "ledger/verify/verify.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "ledger/verify/account_check.h"
#include "ledger/verify/event_check.h"
#include "ledger/verify/leaf_check.h"
#include "ledger/verify/note_judge.h"
#include "ledger/verify/store_intake.h"
#include "ledger/verify/strangers.h"
#include "ledger/verify/truth_finder.h"

namespace twinlog {
namespace {

constexpr std::chrono::milliseconds kProgressPause{200};
/// Twice what an agent rolls over after.
constexpr UtcMicros kLongestEpoch = 2 * 86'400'000'000;

Error error_of(const StoreError& error, StoreSide side) {
  return {ErrorKind::kTransient, std::string(side_text(side)) + " cannot be read: " + error.words};
}

/// One verification from the first note to the last account.
class Verification {
 public:
  Verification(const VerifyOrder& order, FindingLog& log)
      : order_(order), log_(log), judge_({book_, log, order.trust, order.archive, order.sorting, order.since}) {}
  Result<VerifyOutcome> run();

 private:
  Status take(StoreSide side, const LedgerCheckpointRow& row);
  Status take(StoreSide side, const LedgerEpochRow& row);
  Status read_notes();
  Status read_epochs();
  Status read_stores();
  Status prove();
  Status walk_for_truth(bool& is_unfinished);
  Status keep(SortedFile& tellings, LeafSpot spot, const std::variant<RootClaim, Declaration>& told);
  UtcMicros latest_of_pruned(const EpochFacts& facts);
  void settle_ends();
  Status compare();
  void check_unproved();
  void check_lost_epochs();
  Status check_events_and_accounts();
  std::vector<const SortedFile*> leaf_files() const;
  void show(VerifyStep step, std::uint64_t done, std::uint64_t all) const;
  void tell(Verdict verdict, std::optional<StoreSide> store, const std::string& origin, const std::string& words);

  const VerifyOrder& order_;
  FindingLog& log_;
  EpochRegister book_;
  NoteJudge judge_;
  std::vector<std::unique_ptr<StoreIntake>> intakes_;
  std::unique_ptr<SortedFile> tellings_;
  RefusedRanges refused_;
  ErasedRanges erased_;
  BareRepeats bare_;
  std::optional<UtcMicros> pruned_until_;
  IntakeProgress progress_;
  VerifyOutcome outcome_;
};

void Verification::show(VerifyStep step, std::uint64_t done, std::uint64_t all) const {
  if (order_.on_progress) {
    order_.on_progress({step, done, all});
  }
}

void Verification::tell(Verdict verdict, std::optional<StoreSide> store, const std::string& origin,
                        const std::string& words) {
  Finding finding;
  finding.verdict = verdict;
  finding.store = store;
  finding.origin = origin;
  finding.detail = words;
  log_.add(finding);
}

Status Verification::take(StoreSide side, const LedgerCheckpointRow& row) {
  Status watched = order_.watch != nullptr ? order_.watch->take(side, row) : Status();
  return watched ? judge_.add_checkpoint(side, row) : watched;
}

Status Verification::take(StoreSide side, const LedgerEpochRow& row) {
  Status watched = order_.watch != nullptr ? order_.watch->take(side, row) : Status();
  return watched ? judge_.add_epoch(side, row) : watched;
}

Status Verification::read_notes() {
  for (const VerifyStore& store : order_.stores) {
    const StoreSide side = store.side;
    store.reader.tell_broken([this, side](BrokenRow&& row) -> Status {
      tell(Verdict::kModified, side, {}, row.table + (row.key.empty() ? "" : " " + row.key) + ": " + row.words);
      return {};
    });
    const StoreStatus failed =
        store.reader.checkpoints([this, side](LedgerCheckpointRow&& row) { return take(side, row); });
    if (failed) {
      return error_of(*failed, side);
    }
  }
  return {};
}

Status Verification::read_epochs() {
  for (const VerifyStore& store : order_.stores) {
    const StoreSide side = store.side;
    const StoreStatus failed = store.reader.epochs([this, side](LedgerEpochRow&& row) { return take(side, row); });
    if (failed) {
      return error_of(*failed, side);
    }
    StoreIntake::Parts parts{side, store.reader, book_, log_, order_.sorting, std::nullopt, &progress_};
    if (order_.trust && order_.trust->unproved) {
      parts.unproved_before = order_.trust->unproved->before;
    }
    intakes_.push_back(std::make_unique<StoreIntake>(parts));
    if (const auto sizes = store.reader.sizes(); sizes.ok()) {
      progress_.rows_expected += sizes->records;
    }
  }
  judge_.tell_openings([this](StoreSide side, std::uint32_t epoch, std::string_view open) -> Status {
    for (const auto& intake : intakes_) {
      if (intake->side() == side) {
        return intake->take_opening(epoch, open);
      }
    }
    return {};
  });
  return judge_.judge();
}

Status Verification::read_stores() {
  std::mutex mutex;
  Status failed;
  std::condition_variable ended;
  std::size_t running = intakes_.size();
  std::vector<std::thread> threads;
  for (const auto& intake : intakes_) {
    threads.emplace_back([&, reading = intake.get()] {
      Status read;
      if (const StoreStatus error = reading->run()) {
        read = error_of(*error, reading->side());
      } else {
        read = reading->finish();
      }
      const std::lock_guard lock(mutex);
      failed = read.ok() ? failed : read;
      --running;
      ended.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  while (!ended.wait_for(lock, kProgressPause, [&running] { return running == 0; })) {
    show(VerifyStep::kReading, progress_.rows.load(), progress_.rows_expected.load());
  }
  lock.unlock();
  for (std::thread& thread : threads) {
    thread.join();
  }
  return failed;
}

std::vector<const SortedFile*> Verification::leaf_files() const {
  std::vector<const SortedFile*> files{&judge_.roots()};
  for (const auto& intake : intakes_) {
    files.push_back(&intake->leaves());
  }
  if (tellings_ != nullptr) {
    files.push_back(tellings_.get());
  }
  return files;
}

Status Verification::keep(SortedFile& tellings, LeafSpot spot, const std::variant<RootClaim, Declaration>& told) {
  std::string record;
  std::visit([&](const auto& claim) { put_claim(record, spot, claim); }, told);
  if (const auto* said = std::get_if<Declaration>(&told); said != nullptr && said->is_proven) {
    if (said->kind == Declaration::Kind::kRefused) {
      refused_[spot.epoch].push_back({said->store, spot.index, said->last});
    } else if (said->kind == Declaration::Kind::kErased) {
      erased_[spot.epoch].push_back({spot.index, said->last, said->accept_at});
    }
  }
  return tellings.add(record);
}

Status Verification::walk_for_truth(bool& is_unfinished) {
  auto tellings = std::make_unique<SortedFile>(order_.sorting);
  refused_.clear();
  erased_.clear();
  TruthFinder finder(book_, [&](LeafSpot spot, const std::variant<RootClaim, Declaration>& told) {
    return keep(*tellings, spot, told);
  });
  LeafWalk walk(leaf_files());
  LeafGroup group;
  while (walk.next(group)) {
    if (Status taken = finder.take(group); !taken) {
      return taken;
    }
  }
  if (Status finished = finder.finish(); !finished) {
    return finished;
  }
  is_unfinished = finder.is_unfinished();
  tellings_ = std::move(tellings);
  if (Status finished = tellings_->finish(); !finished) {
    return finished;
  }
  return walk.status();
}

/// Another walk for as long as leaves demand what no walk has taken into account: an epoch may be proven by the leaf of
/// another alone, which a third one proves. It ends, since each walk but the last demands a larger tree than all
/// before.
Status Verification::prove() {
  for (bool is_unfinished = true; is_unfinished;) {
    show(VerifyStep::kProving, 0, 0);
    if (Status walked = walk_for_truth(is_unfinished); !walked) {
      return walked;
    }
  }
  settle_ends();
  return {};
}

/// Of an epoch that was pruned as a whole: it lasted a day, or until the next one began, where its clock made a leap.
UtcMicros Verification::latest_of_pruned(const EpochFacts& facts) {
  const UtcMicros next = facts.successor ? book_.at(*facts.successor).begun_at : 0;
  return std::min(facts.pruned_at, std::max(facts.begun_at + kLongestEpoch, next));
}

/// A store that has the beginning of the next epoch of the same spool has all of this one.
void Verification::settle_ends() {
  for (std::uint32_t i = 0; i < book_.size(); ++i) {
    EpochFacts& facts = book_.at(i);
    if (facts.pruned) {
      const UtcMicros latest = latest_of_pruned(facts);
      pruned_until_ = std::max(pruned_until_.value_or(latest), latest);
    }
    if (!facts.successor || !facts.end) {
      continue;
    }
    const EpochFacts& next = book_.at(*facts.successor);
    for (std::size_t side = 0; side < kStoreSides; ++side) {
      if (next.begun_in.at(side)) {
        facts.confirmed.at(side) = std::max(facts.confirmed.at(side), *facts.end);
      }
    }
  }
}

Status Verification::compare() {
  show(VerifyStep::kComparing, 0, 0);
  std::vector<StoreSide> sides;
  for (const VerifyStore& store : order_.stores) {
    sides.push_back(store.side);
  }
  LeafCheck check({book_, log_, order_.now, sides});
  LeafWalk walk(leaf_files());
  LeafGroup group;
  while (walk.next(group)) {
    check.take(group);
    if (Status watched = order_.watch != nullptr ? order_.watch->take(group, group.spot.epoch, book_) : Status();
        !watched) {
      return watched;
    }
  }
  check.finish();
  outcome_.summary.pending = check.pending;
  outcome_.summary.leaves = check.proven;
  bare_ = std::move(check.bare_repeats);
  if (check.pruned_until) {
    pruned_until_ = std::max(pruned_until_.value_or(*check.pruned_until), *check.pruned_until);
  }
  return walk.status();
}

void Verification::check_unproved() {
  const std::optional<UnprovedRows> unproved = order_.trust ? order_.trust->unproved : std::nullopt;
  for (const auto& intake : intakes_) {
    outcome_.summary.records += intake->records;
    outcome_.summary.conflicts += intake->conflicts;
    outcome_.summary.accounts += intake->account_rows;
    outcome_.summary.unproved += intake->unproved;
    const std::optional<std::uint64_t> allowed = unproved ? unproved->rows : std::nullopt;
    if (allowed && intake->unproved > *allowed) {
      tell(Verdict::kForeign, intake->side(), {}, "more rows from before the ledger than the trust file accepts");
    } else if (allowed && intake->unproved < *allowed) {
      tell(Verdict::kMissing, intake->side(), {}, "fewer rows from before the ledger than the trust file says");
    }
  }
}

/// What no leaf tells by its place: forks of spools, epochs of which nothing is left.
void Verification::check_lost_epochs() {
  for (std::uint32_t i = 0; i < book_.size(); ++i) {
    const EpochFacts& facts = book_.at(i);
    outcome_.summary.epochs += facts.is_named ? 1U : 0U;
    outcome_.summary.pruned_epochs += facts.pruned ? 1U : 0U;
    if (facts.has_two_successors) {
      tell(Verdict::kFork, std::nullopt, facts.name(), "two epochs follow this one: its spool was copied or set back");
    }
    const bool is_shortened = facts.followed_size && facts.signed_size > *facts.followed_size;
    if (is_shortened) {
      tell(Verdict::kFork, std::nullopt, facts.name(),
           "the next epoch's OPEN says it ended with " + std::to_string(*facts.followed_size) +
               " leaves, and its key signed " + std::to_string(facts.signed_size) + ": its spool was set back");
    }
    const bool is_gone = !facts.is_named && (facts.is_followed_without_tree || facts.witnessed > 0 || facts.pruned);
    if (is_gone) {
      tell(Verdict::kMissing, std::nullopt, facts.name(),
           "another epoch knows this one, and no store has its beginning");
    } else if (facts.pruned && facts.signed_size < facts.pruned->size) {
      tell(Verdict::kMissing, std::nullopt, facts.name(), "the checkpoint over the epoch that was pruned as a whole");
    }
  }
}

Status Verification::check_events_and_accounts() {
  show(VerifyStep::kAccounts, 0, 0);
  std::vector<const SortedFile*> events;
  std::vector<const SortedFile*> accounts;
  std::array<const ErasedVersions*, kStoreSides> erased{};
  for (const auto& intake : intakes_) {
    erased.at(static_cast<std::size_t>(intake->side())) = &intake->erased;
    events.push_back(&intake->events());
    accounts.push_back(&intake->accounts());
  }
  if (Status checked = EventCheck({book_, log_, refused_, erased_, bare_}).run(events); !checked) {
    return checked;
  }
  AccountCheck check({book_, log_, pruned_until_, erased, order_.now, order_.watch});
  Status checked = check.run(accounts);
  outcome_.summary.unjudged_accounts = check.unjudged;
  outcome_.summary.pending += check.unjudged;
  return checked;
}

Result<VerifyOutcome> Verification::run() {
  show(VerifyStep::kNotes, 0, 0);
  for (const auto step : {&Verification::read_notes, &Verification::read_epochs, &Verification::read_stores,
                          &Verification::prove, &Verification::compare}) {
    if (Status done = (this->*step)(); !done) {
      return done.error();
    }
  }
  outcome_.summary.pending += tell_strangers(order_, book_, intakes_, log_);
  check_unproved();
  check_lost_epochs();
  if (Status checked = check_events_and_accounts(); !checked) {
    return checked.error();
  }
  for (const SortedFile* file : leaf_files()) {
    outcome_.temporary_bytes += file->file_bytes();
  }
  for (const auto& intake : intakes_) {
    outcome_.temporary_bytes += intake->events().file_bytes() + intake->accounts().file_bytes();
  }
  return outcome_;
}

}  // namespace

Result<VerifyOutcome> verify_stores(const VerifyOrder& order, FindingLog& log) {
  return Verification(order, log).run();
}

}  // namespace twinlog
