#include "spool/opening.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "ledger/base/kill_point.h"
#include "ledger/base/uuid.h"
#include "ledger/record/canonical.h"
#include "spool/aside.h"
#include "spool/found_epochs.h"
#include "spool/holes.h"
#include "spool/items.h"
#include "spool/layout.h"
#include "spool/letter_rescue.h"
#include "spool/loss.h"
#include "spool/private_files.h"
#include "spool/rebuild.h"
#include "spool/rescue.h"
#include "spool/rescue_meta.h"
#include "spool/spool.h"
#include "spool/upgrade.h"
#include "spool/volume.h"

namespace twinlog {
namespace {

class Examination {
 public:
  Examination(const DatabaseSetup& setup, OpenedSpool& opened, const Promised& promised, const Aside& aside,
              UtcMicros now)
      : setup_(setup),
        database_(*opened.database),
        state_(opened.state),
        promised_(promised),
        aside_(aside),
        now_(now) {}

  /// Whether anything was damaged.
  Result<bool> run(const std::vector<std::string>& warnings);
  std::vector<std::string> take_words() { return std::move(words_); }

 private:
  /// The greatest leaf that was ever given out, as far as anybody knows.
  std::uint64_t expected() const { return std::max(state_.last_leaf, promised_.last_leaf); }
  Status put_back();
  Status reload();
  Status say_what_letters_cannot_be_proved();
  Status note(const std::vector<LeafRange>& lost);

  const DatabaseSetup& setup_;
  Database& database_;
  SpoolState& state_;
  const Promised promised_;
  const Aside& aside_;
  const UtcMicros now_;
  std::vector<std::string> words_;
};

Result<bool> Examination::run(const std::vector<std::string>& warnings) {
  const LeafRange checked{std::max(state_.positions.first_kept, state_.last_event + 1), expected()};
  const bool is_short = !outside_holes(known_holes(state_.positions), checked).empty();
  const bool is_damaged =
      !warnings.empty() || !forgotten_tables(database_, aside_, state_.positions.first_kept).empty();
  // The logs are gone by then, and with them RocksDB's words of damage: what lay behind it is looked for once more.
  const bool may_be_damaged = is_damaged || aside_.is_left_over();
  if (!is_short && !may_be_damaged) {
    return false;
  }
  if (const Status rescued = put_back(); !rescued) {
    return rescued.error();
  }
  // A forgotten table's events, or a log's, may be missing before the last one that is there.
  const Result<std::vector<LeafRange>> missing =
      holes(database_, {may_be_damaged ? state_.positions.first_kept : checked.first, expected()});
  if (!missing) {
    return missing.error();
  }
  std::vector<LeafRange> lost;
  for (const LeafRange& hole : *missing) {
    std::ranges::move(outside_holes(known_holes(state_.positions), hole), std::back_inserter(lost));
  }
  const Status noted = note(lost);
  state_.last_leaf = std::max(expected(), state_.last_event);
  if (lost.empty() && !warnings.empty()) {
    words_.push_back("every event up to " + std::to_string(state_.last_leaf) +
                     " is accounted for; whether more were promised in the last moments before the stop cannot be "
                     "proved from what is left of the log");
  }
  return noted ? Result(is_damaged || !lost.empty()) : noted.error();
}

Status Examination::put_back() {
  Status done = rescue_meta(database_, aside_);
  done = done.ok() ? reload() : done;
  if (!done) {
    return done;
  }
  const Result<Rescue> rescued =
      rescue(database_, aside_, {state_.positions.first_kept, std::max(state_.positions.first_kept, expected())});
  if (!rescued) {
    return rescued.error();
  }
  if (Status said = say_what_letters_cannot_be_proved(); !said) {
    return said;
  }
  if (rescued->put_back > 0) {
    words_.push_back(std::to_string(rescued->put_back) +
                     " events were found behind damage in the spool's files and put back; they are delivered as ever");
  }
  done = upgrade_database(setup_, database_);  // A log of format 1 brings back what was replaced.
  done = done.ok() ? put_back_epochs(database_) : done;
  return done ? reload() : done;
}

/// A cursor that fell back to before the damage does not stand before what was trimmed since.
Status Examination::say_what_letters_cannot_be_proved() {
  const Result<MetaRecords> logs = records_of_logs(database_.env(), aside_);
  if (!logs) {
    return logs.error();
  }
  for (std::size_t number = 0; number < kStores; ++number) {
    const std::string key = cursor_key(static_cast<StoreId>(number));
    const auto told = logs->meta.find(key);
    const Result<std::optional<std::string>> stored = database_.get_meta(key);
    const std::uint64_t cursor = stored && stored->has_value() ? number_from(**stored).value_or(0) : 0;
    const std::uint64_t passed = told == logs->meta.end() || !told->second ? 0 : number_from(*told->second).value_or(0);
    if (const LeafRange trimmed{cursor + 1, std::min(passed, state_.positions.first_kept - 1)};
        trimmed.first <= trimmed.last) {
      words_.push_back("whether " + std::string(store_name(static_cast<StoreId>(number))) +
                       " had refused any of the events " + range_text(trimmed) +
                       " cannot be proved: they were trimmed since, and their dead letters may have stood in what is "
                       "damaged");
    }
  }
  return {};
}

Status Examination::reload() {
  Result<std::optional<SpoolState>> state = read_state(setup_, database_);
  if (state && state->has_value()) {
    state_ = std::move(**state);
  }
  return state ? Status() : state.error();
}

Status Examination::note(const std::vector<LeafRange>& lost) {
  if (lost.empty()) {
    return {};
  }
  SpoolPositions& positions = state_.positions;
  for (const LeafRange& leaves : lost) {
    const Loss loss = loss_of(database_, state_.identity, leaves,
                              {now_, leaves.last <= promised_.last_leaf ? promised_.received_at : now_});
    add_loss(positions, loss);
    words_.push_back(loss_words(loss));
  }
  rocksdb::WriteBatch batch;
  put_losses(batch, database_.meta(), positions);
  return database_.write(batch, Durability::kSynced);
}

Result<OpenedSpool> open_and_load(const DatabaseSetup& setup, Random& random, const Clock& clock) {
  if (const Status upgraded = upgrade_spool(setup); !upgraded) {
    return upgraded.error();
  }
  Result<std::unique_ptr<Database>> database = Database::open(setup);
  if (database && setup.take_misread_table()) {  // The disk may have said something wrong once.
    database->reset();
    database = Database::open(setup);
    setup.take_misread_table();
  }
  if (!database) {
    return database.error();
  }
  TWINLOG_KILL_POINT("spool.opened");
  if (const Status upgraded = upgrade_database(setup, **database); !upgraded) {
    return upgraded.error();
  }
  Result<SpoolState> state = load_state(setup, **database, random, clock);
  if (!state) {
    return state.error();
  }
  TWINLOG_KILL_POINT("spool.identified");
  return OpenedSpool{.database = std::move(*database), .state = std::move(*state), .warnings = setup.take_warnings()};
}

/// It opens then, without what is still to be put back.
Error rebuilding_cut_short(const std::string& path) {
  return {ErrorKind::kCorrupt, "the spool in " + path + " was being put together anew when the agent died"};
}

/// After damage because of which it does not open.
Result<OpenedSpool> rebuild_and_load(const DatabaseSetup& setup, const Aside& aside, Random& random, const Clock& clock,
                                     const Error& damage) {
  if (const Status marked = aside.mark_broken(); !marked) {
    return marked.error();
  }
  Result<std::vector<std::string>> words = rebuild_database(setup, aside, random, clock);
  if (!words) {
    return words.error();
  }
  Result<OpenedSpool> opened = open_and_load(setup, random, clock);
  if (opened) {
    words->insert(words->begin(), damage.message() + "; it was put together anew from what is whole");
    std::ranges::move(*words, std::back_inserter(opened->warnings));
  }
  return opened;
}

/// What is there is delivered, nothing is taken. `full`: why.
Result<OpenedSpool> open_read_only(const DatabaseSetup& setup, const Error& full) {
  Result<std::unique_ptr<Database>> database = Database::open_for_reading(setup);
  if (!database) {
    return explain_unopened(setup, database.error());
  }
  Result<std::optional<SpoolState>> state = read_state(setup, **database);
  if (!state) {
    return state.error();
  }
  if (!state->has_value()) {
    return full;  // A new one has nothing to be read.
  }
  return OpenedSpool{
      .database = std::move(*database), .state = std::move(**state), .warnings = {}, .is_read_only = true};
}

}  // namespace

Result<OpenedSpool> open_for_writing(const DatabaseSetup& setup, const Promised& promised, Random& random,
                                     const Clock& clock) {
  Result<Aside> aside = Aside::take(setup.env(), setup.path());
  if (!aside) {
    return aside.error();
  }
  TWINLOG_KILL_POINT("spool.set_aside");
  setup.take_warnings();
  Result<OpenedSpool> found = aside->is_broken() ? Result<OpenedSpool>(rebuilding_cut_short(setup.path()))
                                                 : open_and_load(setup, random, clock);
  if (!found && found.error().kind() == ErrorKind::kCorrupt) {
    found = rebuild_and_load(setup, *aside, random, clock, found.error());
  }
  if (!found) {
    return found.error();
  }
  OpenedSpool opened = std::move(*found);
  const Promised noted = PromisedFile(setup.env(), setup.path()).read().value_or(Promised{});
  const Promised& furthest = noted.last_leaf > promised.last_leaf ? noted : promised;
  Examination examination(setup, opened, furthest, *aside, clock.utc_now());
  const Result<bool> is_damaged = examination.run(opened.warnings);
  if (!is_damaged) {
    return is_damaged.error();
  }
  // Of what is lost, too: a store may have it.
  opened.state.last_received_at = std::max(opened.state.last_received_at, furthest.received_at);
  std::ranges::move(examination.take_words(), std::back_inserter(opened.warnings));
  Result<MendedLetters> letters = mend_letters(*opened.database, *aside, opened.state, clock.utc_now());
  if (const Status tidied = letters ? opened.database->let_letters_compact() : Status(letters.error()); !tidied) {
    return tidied.error();
  }
  std::ranges::move(letters->words, std::back_inserter(opened.warnings));
  TWINLOG_KILL_POINT("spool.examined");
  if (!*is_damaged && !letters->is_damaged) {
    const Status dropped = aside->drop();
    return dropped ? Result(std::move(opened)) : dropped.error();
  }
  const Result<std::string> kept = aside->keep(clock.utc_now());
  if (!kept) {
    return kept.error();
  }
  opened.warnings.push_back("the spool's files as they were found lie in " + *kept);
  return opened;
}

Result<OpenedSpool> open_at_start(const DatabaseSetup& setup, Random& random, const Clock& clock) {
  for (const Status& prepared : {create_folder(setup.env(), setup.path()), make_private(setup.path())}) {
    if (!prepared) {
      return prepared.error();
    }
  }
  Result<OpenedSpool> opened = open_for_writing(setup, {}, random, clock);
  if (opened || opened.error().kind() != ErrorKind::kFull) {
    return opened ? std::move(opened) : explain_unopened(setup, opened.error());
  }
  Volume(setup.env(), setup.path(), setup.sizes().ballast).drop_ballast();
  opened = open_for_writing(setup, {}, random, clock);
  if (opened || opened.error().kind() != ErrorKind::kFull) {
    return opened ? std::move(opened) : explain_unopened(setup, opened.error());
  }
  return open_read_only(setup, opened.error());
}

}  // namespace twinlog
