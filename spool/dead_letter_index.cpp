#include "spool/dead_letter_index.h"

#include <rocksdb/iterator.h>

#include <functional>
#include <string>

#include "ledger/base/bytes.h"
#include "spool/dead_letter_codec.h"
#include "spool/layout.h"

namespace twinlog {
namespace {

std::uint64_t front_of(std::string_view hash) {
  return ByteReader(hash).u64();
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
  const std::unique_ptr<rocksdb::Iterator> at = database.iterate(database.dead_letters());
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const auto place = place_of_dead_letter(at->key().ToStringView());
    const std::uint64_t bytes = at->key().size() + at->value().size();
    const bool is_discarded = is_discarded_letter(at->value().ToStringView());
    const std::optional<DeadLetter> letter = dead_letter_from(at->value().ToStringView());
    if (!place || (!is_discarded && !letter)) {
      return Error(ErrorKind::kCorrupt, "a dead letter of the spool in " + database.path() +
                                            " is damaged; keep a copy of the folder, then check the disk");
    }
    index.put(place->first, place->second,
              is_discarded ? DeadLetterEntry{.is_discarded = true, .bytes = bytes} : entry_of(*letter, bytes));
  }
  if (!at->status().ok()) {
    return database_error("the spool's dead letters cannot be read", database.path(), at->status());
  }
  return index;
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
