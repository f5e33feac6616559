#include "spool/dead_letter_index.h"

#include <rocksdb/iterator.h>

#include <functional>
#include <optional>
#include <string>

#include "ledger/base/bytes.h"
#include "spool/dead_letter_codec.h"
#include "spool/layout.h"

namespace twinlog {
namespace {

std::uint64_t front_of(std::string_view hash) {
  return ByteReader(hash).u64();
}

struct ReadLetter {
  LetterMark mark;
  DeadLetterEntry entry;
};

/// Nothing where the value is no letter.
std::optional<ReadLetter> read_letter(std::string_view key, std::string_view value) {
  const std::uint64_t bytes = key.size() + value.size();
  if (is_discarded_letter(value)) {
    return ReadLetter{{.is_discarded = true}, {.is_discarded = true, .bytes = bytes}};
  }
  const std::optional<DeadLetter> letter = dead_letter_from(value);
  return letter ? std::optional(ReadLetter{mark_of(*letter), entry_of(*letter, bytes)}) : std::nullopt;
}

}  // namespace

std::uint64_t content_mark(const EventKey& key, const Digest& content_hash) {
  return front_of(id_key(key.tenant_id, key.log_id)) ^ front_of(as_text(content_hash));
}

DeadLetterEntry entry_of(const DeadLetter& letter, std::uint64_t bytes) {
  const AuthEvent& event = letter.version.event;
  DeadLetterEntry entry{.bytes = bytes,
                        .refused_at = letter.refused_at,
                        .content = content_mark({event.tenant_id, event.log_id}, letter.version.content_hash)};
  for (const std::string& account : accounts_of(event)) {
    entry.accounts.push_back(std::hash<std::string>()(event.tenant_id + "/" + account));
  }
  return entry;
}

Result<DeadLetterIndex> DeadLetterIndex::load(const Database& database) {
  DeadLetterIndex index;
  if (database.dead_letters() == nullptr) {
    return index;  // A spool of format 1 that is only read.
  }
  Result<Marks> marks = read_marks(database);
  if (!marks) {
    return marks.error();
  }
  Status done = index.read_letters(database, *marks);
  for (const auto& [place, mark] : *marks) {
    done = done.ok() ? index.look_for(database, {place.first, place.second, mark}) : done;
  }
  return done ? Result(std::move(index)) : done.error();
}

Result<DeadLetterIndex::Marks> DeadLetterIndex::read_marks(const Database& database) {
  const auto entries = database.meta_entries(kLetterMarkPrefix);
  if (!entries) {
    return entries.error();
  }
  Marks marks;
  for (const auto& [key, value] : *entries) {
    const auto place = place_of_letter_mark(key);
    const std::optional<LetterMark> mark = letter_mark_from(value);
    if (place && mark) {  // Another one is as none: its letter is marked anew.
      marks.emplace(*place, *mark);
    }
  }
  return marks;
}

/// Leaves the marks of those that it has not met.
Status DeadLetterIndex::read_letters(const Database& database, Marks& marks) {
  const std::unique_ptr<rocksdb::Iterator> at = database.iterate(database.dead_letters());
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const auto place = place_of_dead_letter(at->key().ToStringView());
    const std::optional<ReadLetter> letter = read_letter(at->key().ToStringView(), at->value().ToStringView());
    const auto mark = place ? marks.find(*place) : marks.end();
    if (mark != marks.end() && letter && letter->mark.is_discarded == mark->second.is_discarded) {
      put(place->first, place->second, letter->entry);
      marks.erase(mark);
    } else if (place && letter && mark == marks.end()) {
      put(place->first, place->second, letter->entry);
      unmarked_.push_back({place->first, place->second, letter->mark});
    } else if (place && mark == marks.end()) {
      miss({place->first, place->second, {}});
    }
  }
  is_table_damaged_ = at->status().IsCorruption();
  return at->status().ok() || is_table_damaged_
             ? Status()
             : Status(database_error("the spool's dead letters cannot be read", database.path(), at->status()));
}

/// One that an iterator did not give: it ends at damage, or goes on behind it and says nothing.
Status DeadLetterIndex::look_for(const Database& database, const MissedLetter& letter) {
  const std::string key = dead_letter_key(letter.store, letter.leaf);
  const Result<std::optional<std::string>> value = database.get(database.dead_letters(), key);
  if (!value && value.error().kind() != ErrorKind::kCorrupt) {
    return value.error();
  }
  const std::optional<ReadLetter> found =
      value && value->has_value() ? read_letter(key, **value) : std::optional<ReadLetter>();
  if (found && found->mark.is_discarded == letter.mark.is_discarded) {
    put(letter.store, letter.leaf, found->entry);
  } else {
    miss(letter);
  }
  is_table_damaged_ |= !value || found;
  return {};
}

void DeadLetterIndex::miss(const MissedLetter& letter) {
  missed_.push_back(letter);
  put(letter.store, letter.leaf, {.is_discarded = letter.mark.is_discarded, .refused_at = letter.mark.refused_at});
}

void DeadLetterIndex::put(StoreId store, std::uint64_t leaf, const DeadLetterEntry& entry) {
  erase(store, leaf);
  const auto number = static_cast<std::size_t>(store);
  letters_.at(number).emplace(leaf, entry);
  bytes_ += entry.bytes;
  discarded_.at(number) += entry.is_discarded ? 1 : 0;
  for (const std::uint64_t account : entry.accounts) {
    ++accounts_.at(number)[account];
  }
  if (!entry.is_discarded) {
    by_content_.emplace(entry.content, Place{store, leaf});
  }
}

void DeadLetterIndex::erase(StoreId store, std::uint64_t leaf) {
  const auto number = static_cast<std::size_t>(store);
  const auto found = letters_.at(number).find(leaf);
  if (found == letters_.at(number).end()) {
    return;
  }
  const DeadLetterEntry& entry = found->second;
  bytes_ -= entry.bytes;
  discarded_.at(number) -= entry.is_discarded ? 1 : 0;
  for (const std::uint64_t account : entry.accounts) {
    if (const auto counted = accounts_.at(number).find(account); --counted->second == 0) {
      accounts_.at(number).erase(counted);
    }
  }
  const auto [first, last] = by_content_.equal_range(entry.content);
  for (auto at = first; at != last; ++at) {
    if (at->second.store == store && at->second.leaf == leaf) {
      by_content_.erase(at);
      break;
    }
  }
  letters_.at(number).erase(found);
}

const DeadLetterEntry* DeadLetterIndex::find(StoreId store, std::uint64_t leaf) const {
  const auto found = of(store).find(leaf);
  return found == of(store).end() ? nullptr : &found->second;
}

std::vector<std::uint64_t> DeadLetterIndex::leaves(StoreId store, const LeafRange& range) const {
  std::vector<std::uint64_t> found;
  for (auto at = of(store).lower_bound(range.first); at != of(store).end() && at->first <= range.last; ++at) {
    found.push_back(at->first);
  }
  return found;
}

std::vector<DeadLetterIndex::Place> DeadLetterIndex::places(std::uint64_t content) const {
  std::vector<Place> found;
  const auto [first, last] = by_content_.equal_range(content);
  for (auto at = first; at != last; ++at) {
    found.push_back(at->second);
  }
  return found;
}

std::vector<DeadLetterIndex::Place> DeadLetterIndex::not_in(const DeadLetterIndex& other) const {
  std::vector<Place> found;
  for (std::size_t number = 0; number < kStores; ++number) {
    const auto store = static_cast<StoreId>(number);
    for (const auto& [leaf, entry] : letters_.at(number)) {
      if (!entry.is_discarded && other.find(store, leaf) == nullptr) {
        found.push_back({store, leaf});
      }
    }
  }
  return found;
}

DeadLetterCounts DeadLetterIndex::counts(StoreId store) const {
  const auto number = static_cast<std::size_t>(store);
  DeadLetterCounts counts{.letters = of(store).size() - discarded_.at(number),
                          .accounts = accounts_.at(number).size(),
                          .oldest_refused_at = {}};
  for (const auto& [leaf, entry] : of(store)) {
    counts.bytes += entry.bytes;
    if (!entry.is_discarded) {
      counts.oldest_refused_at = std::min(counts.oldest_refused_at.value_or(entry.refused_at), entry.refused_at);
    }
  }
  return counts;
}

}  // namespace twinlog
