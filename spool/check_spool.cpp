#include "spool/check_spool.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/iterator.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "ledger/record/canonical.h"
#include "spool/database.h"
#include "spool/file_check.h"
#include "spool/holes.h"
#include "spool/items.h"
#include "spool/layout.h"
#include "spool/leaf_fit.h"
#include "spool/promised.h"
#include "spool/spool_state.h"
#include "spool/spool_view.h"

namespace twinlog {
namespace {

constexpr std::uint64_t kBesideDamage = 256;
constexpr std::uint64_t kTellEvery = 4096;
/// Beside a running agent: how often a file may be gone before it was read, and how many views must agree that an
/// event is missing.
constexpr int kMostRenewals = 1000;
constexpr int kViewsToAgree = 4;
/// Of a spool that was made with all its families; one that was upgraded has the same.
constexpr std::uint32_t kEventsFamilyNumber = 1;

/// In order, none touching another.
std::vector<LeafRange> merged(std::vector<LeafRange> ranges) {
  std::ranges::sort(ranges, {}, &LeafRange::first);
  std::vector<LeafRange> all;
  for (const LeafRange& range : ranges) {
    if (!all.empty() && range.first <= all.back().last + 1) {
      all.back().last = std::max(all.back().last, range.last);
    } else {
      all.push_back(range);
    }
  }
  return all;
}

void add(std::vector<LeafRange>& ranges, std::uint64_t leaf) {
  if (!ranges.empty() && ranges.back().last + 1 == leaf) {
    ranges.back().last = leaf;
  } else {
    ranges.push_back({leaf, leaf});
  }
}

/// What of `ranges` (merged) lies in none of `others` (merged).
std::vector<LeafRange> without(const std::vector<LeafRange>& ranges, const std::vector<LeafRange>& others) {
  std::vector<LeafRange> left;
  for (const LeafRange& range : ranges) {
    std::ranges::copy(outside_holes(others, range), std::back_inserter(left));
  }
  return left;
}

/// "postgres 5, mongodb 7"
std::string missed_letters(const DeadLetterIndex& letters) {
  std::string words;
  for (const MissedLetter& missed : letters.missed()) {
    words += (words.empty() ? "" : ", ") + std::string(store_name(missed.store)) + " " + std::to_string(missed.leaf);
  }
  return words;
}

class Check {
 public:
  Check(const std::string& path, SpoolUse use, const CheckProgress& progress)
      : setup_({.path = path, .agent = ""}), is_in_use_(use == SpoolUse::kInUse), progress_(progress) {
    check_.is_in_use = is_in_use_;
  }

  Result<SpoolCheck> run() {
    Status done = open();
    done = done.ok() ? read_tables() : done;
    done = done.ok() && state_ ? walk() : done;
    done = done.ok() ? look_elsewhere() : done;
    done = done.ok() && is_in_use_ && state_ ? look_again() : done;
    done = done.ok() ? note_kept() : done;
    if (!done) {
      return done.error();
    }
    judge();
    return std::move(check_);
  }

 private:
  std::string in_folder(const std::string& name) const { return setup_.path() + "/" + name; }
  Status open();
  void take(SpoolView view);
  bool renew(std::uint64_t& next);
  bool has_vanished(const std::string& name) const;
  Result<std::vector<std::string>> tables_to_read() const;
  Status read_tables();
  Status walk();
  Status read_one_by_one(std::uint64_t& next, std::uint64_t end);
  Status look_elsewhere();
  Status look_again();
  std::vector<LeafRange> still_absent(const std::vector<LeafRange>& ranges) const;
  Status note_kept();
  void judge();
  void missing(std::uint64_t first, std::uint64_t last);

  DatabaseSetup setup_;
  const bool is_in_use_;  ///< By a running agent, under which files come and go.
  int renewals_ = 0;
  const CheckProgress& progress_;
  SpoolCheck check_;
  std::unique_ptr<Database> database_;
  std::optional<SpoolState> state_;
  std::uint64_t last_ = 0;  ///< The greatest leaf that was ever given out, as far as anybody knew when it began.
  std::vector<std::string> event_tables_;  ///< In words, those that are damaged.
  std::vector<LeafRange> missing_;
  std::vector<LeafRange> found_;  ///< Elsewhere in the folder.
  std::vector<LeafRange> unfit_;  ///< Their hash in `leaves` is another.
};

Status Check::open() {
  progress_("reading the database", 0, 0);
  const std::optional<Promised> promised = PromisedFile(setup_.env(), setup_.path()).read();
  last_ = promised ? promised->last_leaf : 0;
  std::vector<std::string> warnings;
  Result<SpoolView> view = view_spool(setup_, is_in_use_ ? SpoolUse::kInUse : SpoolUse::kFree, warnings);
  for (const std::string& warning : warnings) {
    check_.findings.push_back("the database says of its files: " + warning);
  }
  if (!view && view.error().kind() == ErrorKind::kRefused) {
    return view.error();
  }
  if (!view) {
    check_.does_open = false;
    check_.findings.push_back(view.error().message());
    return {};
  }
  take(std::move(*view));
  last_ = std::max(last_, state_->last_leaf);
  check_.epoch_id = state_->epochs.newest();
  check_.losses = state_->positions.losses;
  check_.acknowledged = state_->positions.acknowledged;
  for (std::size_t store = 0; store < kStores; ++store) {
    check_.dead_letters += state_->dead_letters.counts(static_cast<StoreId>(store)).letters;
  }
  return {};
}

void Check::take(SpoolView view) {
  database_ = std::move(view.database);
  state_ = std::move(view.state);
}

/// Where a file was gone before it was read: what it held is trimmed, or lies in another one by now.
bool Check::renew(std::uint64_t& next) {
  if (!is_in_use_ || ++renewals_ > kMostRenewals) {
    return false;
  }
  std::vector<std::string> said_before;
  Result<SpoolView> view = view_spool(setup_, SpoolUse::kInUse, said_before);
  if (view) {
    take(std::move(*view));
    next = std::max(next, state_->positions.first_kept);
  }
  return view.has_value();
}

bool Check::has_vanished(const std::string& name) const {
  return is_in_use_ && setup_.env().FileExists(in_folder(name)).IsNotFound();
}

/// Beside a running agent those that belong to the database: others are still being written, or on their way out.
Result<std::vector<std::string>> Check::tables_to_read() const {
  if (!is_in_use_) {
    return files_with_suffix(setup_.env(), setup_.path(), ".sst");
  }
  const std::set<std::string> known = database_ ? database_->table_names() : std::set<std::string>();
  return std::vector<std::string>(known.begin(), known.end());
}

Status Check::read_tables() {
  const Result<std::vector<std::string>> names = tables_to_read();
  if (!names) {
    return names.error();
  }
  const std::set<std::string> known = database_ ? database_->table_names() : std::set<std::string>();
  for (const std::string& name : *names) {
    progress_("reading tables", check_.tables, names->size());
    const TableCheck table = check_table(in_folder(name));
    ++check_.tables;
    // One that the database does not know is the rest of a flush that was cut short: what it should hold is missed
    // below.
    if (!table.damage.empty() && (!database_ || known.contains(name)) && !has_vanished(name)) {
      check_.is_ids_damaged |= table.family == kIdsFamily;
      (table.family == kEventsFamily ? event_tables_ : check_.findings)
          .push_back("the table " + name + (table.family.empty() ? "" : " of " + table.family) + " is damaged (" +
                     table.damage + ")");
    }
  }
  return {};
}

void Check::missing(std::uint64_t first, std::uint64_t last) {
  if (first <= last) {
    std::ranges::copy(outside_holes(known_holes(state_->positions), {first, last}), std::back_inserter(missing_));
  }
}

Status Check::walk() {
  std::uint64_t next = state_->positions.first_kept;
  while (next <= last_) {
    const std::unique_ptr<rocksdb::Iterator> at = database_->iterate_events();
    for (at->Seek(event_key(next)); at->Valid(); at->Next()) {
      const std::uint64_t leaf = leaf_of_event_key(at->key().ToStringView()).value_or(next);
      missing(next, leaf - 1);
      const Result<SpoolItem> item = item_from(leaf, at->value().ToStringView(), setup_.path());
      if (!item) {
        add(check_.unreadable, leaf);
      }
      next = leaf + 1;
      check_.events += !item || item->version ? 1U : 0U;  // The agent's own leaves are none.
      if (leaf % kTellEvery == 0) {
        progress_("reading events", leaf, last_);
      }
    }
    if (at->status().ok()) {
      break;
    }
    if (!at->status().IsCorruption() && renew(next)) {
      continue;
    }
    if (!at->status().IsCorruption()) {
      return database_error("events cannot be read from the spool", setup_.path(), at->status());
    }
    // An iterator gives nothing beside damage, not even what lies in another file.
    if (Status read = read_one_by_one(next, std::min(next + kBesideDamage, last_ + 1)); !read) {
      return read;
    }
  }
  missing(next, last_);
  unfit_ = leaves_that_do_not_fit(*database_, {state_->positions.first_kept, last_}, setup_.path());
  return {};
}

Status Check::read_one_by_one(std::uint64_t& next, std::uint64_t end) {
  for (; next < end; ++next) {
    const Result<std::optional<SpoolItem>> item = read_item(*database_, next);
    if (!item && item.error().kind() != ErrorKind::kCorrupt) {
      return renew(next) ? Status() : item.error();
    }
    if (!item) {
      add(check_.unreadable, next);
    } else if (!item->has_value()) {
      missing(next, next);
    } else {
      check_.events += (*item)->version ? 1U : 0U;
    }
  }
  return {};
}

Status Check::look_elsewhere() {
  const std::set<std::string> known = database_ ? database_->table_names() : std::set<std::string>();
  std::vector<LeafRange> found;
  const auto note = [&](std::uint64_t leaf) {
    const bool is_kept = !state_ || (leaf >= state_->positions.first_kept && (!is_in_use_ || leaf <= last_));
    if (is_kept && (!database_ || !database_->has_event(leaf))) {
      add(found, leaf);
    }
  };
  const Result<std::vector<std::string>> tables = files_with_suffix(setup_.env(), setup_.path(), ".sst");
  const Result<std::vector<std::string>> logs = files_with_suffix(setup_.env(), setup_.path(), ".log");
  if (!tables || !logs) {
    return !tables ? tables.error() : logs.error();
  }
  for (const std::string& name : *tables) {
    if (!known.contains(name)) {
      visit_table_events(in_folder(name), note);
    }
  }
  const std::uint32_t family = database_ ? database_->events()->GetID() : kEventsFamilyNumber;
  for (const std::string& name : *logs) {
    progress_("reading logs", check_.logs, logs->size());
    const Status read = visit_log_events(setup_.env(), in_folder(name), family, note);
    if (!read && !has_vanished(name)) {
      check_.findings.push_back(read.error().message());
    }
    ++check_.logs;
  }
  found_ = merged(std::move(found));
  return {};
}

/// What one view lacks, as a log was gone before it was read, another one has.
Status Check::look_again() {
  missing_ = merged(std::move(missing_));
  const auto misses_something = [this] {
    return !missing_.empty() || !found_.empty() || !state_->dead_letters.missed().empty();
  };
  for (int view = 1; view < kViewsToAgree && misses_something(); ++view) {
    std::vector<std::string> said_before;
    Result<SpoolView> again = view_spool(setup_, SpoolUse::kInUse, said_before);
    if (!again) {
      return again.error();
    }
    take(std::move(*again));
    missing_ = still_absent(missing_);
    found_ = still_absent(found_);
  }
  return {};
}

std::vector<LeafRange> Check::still_absent(const std::vector<LeafRange>& ranges) const {
  std::vector<LeafRange> absent;
  for (const LeafRange& range : without(ranges, known_holes(state_->positions))) {
    for (std::uint64_t leaf = std::max(range.first, state_->positions.first_kept); leaf <= range.last; ++leaf) {
      if (!database_->has_event(leaf)) {
        add(absent, leaf);
      }
    }
  }
  return absent;
}

Status Check::note_kept() {
  std::vector<std::string> names;
  if (const rocksdb::Status listed = setup_.env().GetChildren(setup_.path(), &names); !listed.ok()) {
    return database_error("the spool's folder cannot be read", setup_.path(), listed);
  }
  std::ranges::copy_if(names, std::back_inserter(check_.kept),
                       [](const std::string& name) { return name.starts_with("damaged-"); });
  std::ranges::sort(check_.kept);
  return {};
}

void Check::judge() {
  const std::vector<LeafRange> damaged = merged(std::move(check_.unreadable));
  check_.unreadable = state_ ? without(damaged, known_holes(state_->positions)) : damaged;
  const bool is_on_record = !damaged.empty() && check_.unreadable.empty();
  std::ranges::copy(event_tables_, std::back_inserter(is_on_record ? check_.known_damage : check_.findings));
  if (!check_.does_open) {
    check_.to_put_back = found_;
    check_.findings.push_back(found_.empty() ? "no event can be read from its files"
                                             : "events that can be read from its files: " + ranges_text(found_));
    return;
  }
  std::vector<LeafRange> gone = missing_;
  std::ranges::copy(check_.unreadable, std::back_inserter(gone));
  gone = merged(std::move(gone));
  check_.to_put_back = found_;
  check_.to_lose = without(gone, found_);
  if (const std::string missed = missed_letters(state_->dead_letters); !missed.empty()) {
    check_.findings.push_back("dead letters that are damaged or gone: " + missed);
  }
  if (!check_.unreadable.empty()) {
    check_.findings.push_back("events that are damaged: " + ranges_text(check_.unreadable));
  }
  if (const auto absent = merged(missing_); !absent.empty()) {
    check_.findings.push_back("events that were promised and are not where they belong: " + ranges_text(absent));
  }
  if (!unfit_.empty()) {
    check_.findings.push_back("events that are not what their leaf hash says: " + ranges_text(unfit_));
  }
  if (!found_.empty()) {
    check_.findings.push_back("events that only a log or a table knows which the database passes over: " +
                              ranges_text(found_));
  }
}

}  // namespace

Result<SpoolCheck> check_spool_as(const std::string& path, SpoolUse use, const CheckProgress& progress) {
  return Check(path, use, progress).run();
}

Result<SpoolCheck> check_spool(const std::string& path, const CheckProgress& progress) {
  const Result<SpoolUse> use = spool_use(path);
  if (!use) {
    return use.error();
  }
  if (*use == SpoolUse::kAbsent) {
    return no_spool_error(path);
  }
  Result<SpoolCheck> check = check_spool_as(path, *use, progress);
  const Result<SpoolUse> now = spool_use(path);
  const bool is_taken = *use == SpoolUse::kFree && now && *now == SpoolUse::kInUse;
  // An agent that came meanwhile has changed what was being read.
  return is_taken && (!check || !check->findings.empty()) ? check_spool_as(path, *now, progress) : std::move(check);
}

}  // namespace twinlog
