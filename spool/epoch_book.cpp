#include "spool/epoch_book.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "spool/layout.h"

namespace twinlog {
namespace {

Error damaged(const Database& database, std::string_view what) {
  return {ErrorKind::kCorrupt, "what the spool in " + database.path() + " knows of its " + std::string(what) +
                                   " is damaged; keep a copy of the folder and start with an empty one"};
}

/// Each entry under the prefix, to `take`, which says whether it is one.
template <typename Take>
Status each_entry(const Database& database, std::string_view prefix, std::string_view what, const Take& take) {
  const auto entries = database.meta_entries(prefix);
  if (!entries) {
    return entries.error();
  }
  for (const auto& [key, value] : *entries) {
    if (!take(key, value)) {
      return damaged(database, what);
    }
  }
  return {};
}

}  // namespace

Result<EpochRecords> EpochRecords::load(const Database& database) {
  EpochRecords records;
  Status read = each_entry(database, kEpochPrefix, "epochs", [&](const std::string& key, const std::string& value) {
    const auto base = base_of_epoch_key(key);
    auto epoch = epoch_from(value);
    if (base && epoch) {
      records.epochs.emplace(*base, std::move(*epoch));
    }
    return base && epoch;
  });
  read = read.ok() ? each_entry(database, kOwnPrefix, "own leaves",
                                [&](const std::string& key, const std::string& /*value*/) {
                                  const auto number = number_of_own_key(key);
                                  records.own.push_back(number.value_or(0));
                                  return number.has_value();
                                })
                   : read;
  read = read.ok() ? each_entry(database, kNotePrefix, "checkpoints",
                                [&](const std::string& key, const std::string& value) {
                                  const auto number = number_of_note_key(key);
                                  auto note = note_from(value);
                                  if (number && note) {
                                    records.notes.emplace(*number, std::move(*note));
                                  }
                                  return number && note;
                                })
                   : read;
  const auto tree = database.get_meta(kTreeKey);
  if (!read || !tree) {
    return !read ? read.error() : tree.error();
  }
  if (tree->has_value()) {
    records.tree = tree_from(**tree);
  }
  return records;
}

std::uint64_t EpochRecords::own_in(const LeafRange& numbers) const {
  if (numbers.last < numbers.first) {
    return 0;
  }
  return static_cast<std::uint64_t>(std::ranges::upper_bound(own, numbers.last) -
                                    std::ranges::lower_bound(own, numbers.first));
}

std::uint64_t EpochRecords::newest_other(std::uint64_t number) const {
  while (number > 0 && std::ranges::binary_search(own, number)) {
    --number;
  }
  return number;
}

std::map<std::uint64_t, StoredEpoch>::const_iterator EpochRecords::epoch_of(std::uint64_t number) const {
  return std::prev(epochs.upper_bound(number));
}

void EpochBook::install(EpochRecords records) {
  const std::scoped_lock lock(mutex_);
  records_ = std::move(records);
  waiting_for_note_.reset();
}

void EpochBook::add_epoch(std::uint64_t base, const StoredEpoch& epoch) {
  const std::scoped_lock lock(mutex_);
  records_.epochs.insert_or_assign(base, epoch);
}

void EpochBook::add_own(std::uint64_t number, bool waits_for_note) {
  const std::scoped_lock lock(mutex_);
  records_.own.push_back(number);
  if (waits_for_note) {
    waiting_for_note_ = number;
  }
}

void EpochBook::add_note(std::uint64_t number, const SavedNote& note) {
  const std::scoped_lock lock(mutex_);
  records_.notes.insert_or_assign(number, note);
  if (waiting_for_note_ && *waiting_for_note_ <= number) {
    waiting_for_note_.reset();
  }
}

void EpochBook::stop_waiting() {
  const std::scoped_lock lock(mutex_);
  waiting_for_note_.reset();
}

SpoolEpoch EpochBook::epoch_at(std::map<std::uint64_t, StoredEpoch>::const_iterator at, std::uint64_t last) const {
  const auto next = std::next(at);
  const std::uint64_t end = next == records_.epochs.end() ? last : next->first - 1;
  return {.id = at->second.id,
          .base = at->first,
          .has_ledger = at->second.has_ledger,
          .is_newest = next == records_.epochs.end(),
          .last_number = end,
          .last_given = end};
}

SpoolEpoch EpochBook::epoch_of(std::uint64_t number, std::uint64_t last) const {
  const std::scoped_lock lock(mutex_);
  return epoch_at(records_.epoch_of(number), last);
}

std::optional<StoredEpoch> EpochBook::beginning(std::uint64_t base) const {
  const std::scoped_lock lock(mutex_);
  const auto found = records_.epochs.find(base);
  return found == records_.epochs.end() ? std::nullopt : std::optional(found->second);
}

std::vector<SpoolEpoch> EpochBook::epochs(std::uint64_t last) const {
  const std::scoped_lock lock(mutex_);
  std::vector<SpoolEpoch> all;
  for (auto at = records_.epochs.cbegin(); at != records_.epochs.cend(); ++at) {
    const bool is_given_out = at->first <= last || at == records_.epochs.cbegin();
    const SpoolEpoch epoch = epoch_at(at, last);
    // The first one counts from 1, and may never have held anything.
    if (is_given_out && (epoch.is_newest || epoch.last_number > 0)) {
      all.push_back(epoch);
    }
  }
  if (all.empty()) {  // The first with a ledger is being begun in a new spool.
    all.push_back(epoch_at(records_.epochs.cbegin(), last));
  }
  return all;
}

bool EpochBook::has_ledger() const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(records_.epochs, [](const auto& each) { return each.second.has_ledger; });
}

std::uint64_t EpochBook::own_in(const LeafRange& numbers) const {
  const std::scoped_lock lock(mutex_);
  return records_.own_in(numbers);
}

std::uint64_t EpochBook::newest_other(std::uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  return records_.newest_other(number);
}

std::uint64_t EpochBook::numbers_with(std::uint64_t first, std::uint64_t others) const {
  const std::scoped_lock lock(mutex_);
  auto own = std::ranges::lower_bound(records_.own, first);
  std::uint64_t numbers = others;
  for (; own != records_.own.end() && *own - first < numbers; ++own) {
    ++numbers;
  }
  return numbers;
}

std::uint64_t EpochBook::next_other(std::uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  for (auto own = std::ranges::lower_bound(records_.own, number); own != records_.own.end() && *own == number; ++own) {
    ++number;
  }
  return number;
}

std::vector<SavedNote> EpochBook::notes_in(const LeafRange& numbers) const {
  const std::scoped_lock lock(mutex_);
  std::vector<SavedNote> notes;
  for (auto at = records_.notes.lower_bound(numbers.first); at != records_.notes.end() && at->first <= numbers.last;
       ++at) {
    notes.push_back(at->second);
  }
  return notes;
}

std::optional<std::uint64_t> EpochBook::waiting_for_note() const {
  const std::scoped_lock lock(mutex_);
  return waiting_for_note_;
}

void EpochBook::forget_below(std::uint64_t first_kept, std::uint64_t last, rocksdb::WriteBatch& batch,
                             const Database& database) {
  const std::scoped_lock lock(mutex_);
  while (!records_.own.empty() && records_.own.front() < first_kept) {
    batch.Delete(database.meta(), own_key(records_.own.front()));
    records_.own.pop_front();
  }
  while (!records_.notes.empty() && records_.notes.begin()->first < first_kept) {
    batch.Delete(database.meta(), note_key(records_.notes.begin()->first));
    records_.notes.erase(records_.notes.begin());
  }
  for (auto at = records_.epochs.cbegin(); at != records_.epochs.cend();) {
    const SpoolEpoch epoch = epoch_at(at, last);
    // With the item behind it, which closes it in the stores.
    if (epoch.base > 0 && !epoch.is_newest && epoch.last_number + 1 < first_kept) {
      batch.Delete(database.meta(), epoch_key(epoch.base));
      at = records_.epochs.erase(at);
    } else {
      ++at;
    }
  }
}

}  // namespace twinlog
