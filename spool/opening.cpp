#include "spool/opening.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "ledger/base/kill_point.h"
#include "ledger/base/uuid.h"
#include "ledger/record/canonical.h"
#include "spool/aside.h"
#include "spool/layout.h"
#include "spool/private_files.h"
#include "spool/read_versions.h"
#include "spool/rescue.h"
#include "spool/volume.h"

namespace twinlog {
namespace {

/// When the event under this leaf was accepted; nothing where there is none.
std::optional<UtcMicros> received_at(const Database& database, std::uint64_t leaf) {
  const Result<std::vector<Version>> found = read_versions(database, {leaf, leaf, 1, 1});
  return found && !found->empty() ? std::optional(found->front().received_at) : std::nullopt;
}

class Examination {
 public:
  Examination(Database& database, SpoolState& state, const Promised& promised, const Aside& aside, UtcMicros now)
      : database_(database), state_(state), promised_(promised), aside_(aside), now_(now) {}

  /// Whether anything was damaged.
  Result<bool> run(const std::vector<std::string>& warnings);
  std::vector<std::string> take_words() { return std::move(words_); }

 private:
  /// The greatest leaf that was ever given out, as far as anybody knows.
  std::uint64_t expected() const { return std::max(state_.last_leaf, promised_.last_leaf); }
  Status put_back();
  Status note(const std::vector<LeafRange>& lost);
  Loss loss_of(const LeafRange& lost) const;

  Database& database_;
  SpoolState& state_;
  const Promised promised_;
  const Aside& aside_;
  const UtcMicros now_;
  std::vector<std::string> words_;
};

Result<bool> Examination::run(const std::vector<std::string>& warnings) {
  const std::uint64_t first_kept = state_.positions.first_kept;
  const bool is_short = state_.last_event < expected() && expected() >= first_kept;
  const bool is_damaged = !warnings.empty() || !forgotten_tables(database_, aside_, first_kept).empty();
  if (!is_short && !is_damaged) {
    return false;
  }
  const std::uint64_t checked_from = std::max(first_kept, state_.last_event + 1);
  if (const Status rescued = put_back(); !rescued) {
    return rescued.error();
  }
  // A forgotten table's events, or a log's, may be missing before the last one that is there.
  Result<std::vector<LeafRange>> lost = holes(database_, is_damaged ? first_kept : checked_from, expected());
  if (!lost) {
    return lost.error();
  }
  std::erase_if(*lost, [this](const LeafRange& hole) { return hole.last == state_.positions.skipped_to; });
  const Status noted = note(*lost);
  state_.last_leaf = std::max(expected(), state_.last_event);
  return noted ? Result(is_damaged || !lost->empty()) : noted.error();
}

Status Examination::put_back() {
  const Result<Rescue> rescued = rescue(database_, aside_, state_.positions.first_kept);
  if (!rescued) {
    return rescued.error();
  }
  if (rescued->put_back > 0) {
    words_.push_back(std::to_string(rescued->put_back) +
                     " events were found behind damage in the spool's files and put back; they are delivered as ever");
  }
  const Result<std::uint64_t> last = database_.last_leaf();
  if (!last) {
    return last.error();
  }
  state_.last_event = *last;
  state_.last_leaf = std::max(state_.last_leaf, *last);
  return {};
}

Loss Examination::loss_of(const LeafRange& lost) const {
  const UtcMicros from = lost.first > 1 ? received_at(database_, lost.first - 1).value_or(0) : 0;
  const auto behind = received_at(database_, lost.last + 1);
  const UtcMicros until = behind.value_or(lost.last <= promised_.last_leaf ? promised_.received_at : now_);
  return {.leaves = lost,
          .found_at = now_,
          .from = std::max(from, time_of_uuid_v7(state_.identity.epoch_id)),
          .until = until};
}

Status Examination::note(const std::vector<LeafRange>& lost) {
  if (lost.empty()) {
    return {};
  }
  SpoolPositions& positions = state_.positions;
  for (const LeafRange& leaves : lost) {
    const Loss loss = loss_of(leaves);
    if (std::ranges::any_of(positions.losses, [&](const Loss& known) { return covers(known.leaves, leaves); })) {
      continue;
    }
    positions.losses.push_back(loss);
    for (std::size_t store = 0; store < kStores; ++store) {
      if (positions.cursors.at(store) < leaves.last) {
        note_incomplete_since(positions, static_cast<StoreId>(store), loss.from);
      }
    }
    words_.push_back("events " + std::to_string(leaves.first) + " to " + std::to_string(leaves.last) +
                     " were promised and are gone; they were accepted between " + utc_text(loss.from) + " and " +
                     utc_text(loss.until));
  }
  rocksdb::WriteBatch batch;
  put_losses(batch, database_.meta(), positions);
  return database_.write(batch, Durability::kSynced);
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
  Result<std::unique_ptr<Database>> database = Database::open(setup);
  if (!database) {
    return database.error();
  }
  TWINLOG_KILL_POINT("spool.opened");
  Result<SpoolState> state = load_state(setup, **database, random, clock);
  if (!state) {
    return state.error();
  }
  TWINLOG_KILL_POINT("spool.identified");
  OpenedSpool opened{.database = std::move(*database), .state = std::move(*state), .warnings = setup.take_warnings()};
  const Promised noted = PromisedFile(setup.env(), setup.path()).read().value_or(Promised{});
  Examination examination(*opened.database, opened.state, noted.last_leaf > promised.last_leaf ? noted : promised,
                          *aside, clock.utc_now());
  const Result<bool> is_damaged = examination.run(opened.warnings);
  if (!is_damaged) {
    return is_damaged.error();
  }
  std::ranges::move(examination.take_words(), std::back_inserter(opened.warnings));
  TWINLOG_KILL_POINT("spool.examined");
  if (!*is_damaged) {
    aside->drop();
    return opened;
  }
  const Result<std::string> kept = aside->keep_as("damaged-" + std::to_string(clock.utc_now()));
  opened.warnings.push_back(kept ? "the spool's files as they were found lie in " + *kept : kept.error().message());
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
