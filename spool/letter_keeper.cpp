#include "spool/letter_keeper.h"

#include <rocksdb/write_batch.h>

#include <mutex>
#include <optional>
#include <utility>

#include "ledger/base/kill_point.h"
#include "spool/dead_letter_codec.h"
#include "spool/holes.h"
#include "spool/layout.h"

namespace twinlog {
namespace {

Error damaged_letter(const std::string& path, std::uint64_t leaf) {
  return {ErrorKind::kCorrupt,
          "the dead letter of event " + std::to_string(leaf) + " in the spool in " + path +
              " is damaged; keep a copy of the folder, check the disk, then start the agent anew: it "
              "is made again from its event, or goes on record as lost"};
}

Result<DeadLetter> read_letter(const Database& database, StoreId store, std::uint64_t leaf) {
  const Result<std::optional<std::string>> value = database.get(database.dead_letters(), dead_letter_key(store, leaf));
  if (!value) {
    return value.error();
  }
  std::optional<DeadLetter> letter = value->has_value() ? dead_letter_from(**value) : std::nullopt;
  if (!letter) {
    return damaged_letter(database.path(), leaf);
  }
  letter->version.number = leaf;
  return std::move(*letter);
}

}  // namespace

std::vector<DeadLetterIndex::Place> LetterKeeper::install(DeadLetterIndex index) {
  const std::unique_lock lock(mutex_);
  const DeadLetterIndex known = std::exchange(index_, std::move(index));
  return known.not_in(index_);
}

Error LetterKeeper::share_is_used_up(const std::string& path) const {
  return {ErrorKind::kRefused,
          "the dead letters have used up their share of the spool in " + path + " (spool.dead_letters_max, " +
              std::to_string(most_bytes_) +
              " bytes), so nothing more is delivered to this store: `twinlog spool dead-letters list` shows why it "
              "refuses events; mend that and replay them, or discard them"};
}

Status LetterKeeper::keep(Database& database, StoreId store, std::uint64_t cursor,
                          std::span<const DeadLetter> letters) {
  rocksdb::WriteBatch batch;
  std::vector<std::pair<std::uint64_t, DeadLetterEntry>> added;
  std::uint64_t bytes = 0;
  {
    const std::shared_lock lock(mutex_);
    for (const DeadLetter& letter : letters) {
      const std::uint64_t leaf = letter.version.number;
      if (index_.find(store, leaf) == nullptr) {
        const std::string key = dead_letter_key(store, leaf);
        const std::string value = dead_letter_value(letter);
        batch.Put(database.dead_letters(), key, value);
        batch.Put(database.meta(), letter_mark_key(store, leaf), letter_mark_value(mark_of(letter)));
        added.emplace_back(leaf, entry_of(letter, key.size() + value.size()));
        bytes += key.size() + value.size();
      }
    }
    if (bytes > 0 && index_.bytes() + bytes > most_bytes_) {
      return share_is_used_up(database.path());
    }
  }
  batch.Put(database.meta(), cursor_key(store), number_value(cursor));
  TWINLOG_KILL_POINT("spool.before_dead_letter");
  if (Status written = database.write(batch, Durability::kSynced); !written) {
    return written;
  }
  TWINLOG_KILL_POINT("spool.after_dead_letter");
  const std::unique_lock lock(mutex_);
  for (const auto& [leaf, entry] : added) {
    index_.put(store, leaf, entry);
  }
  return {};
}

Status LetterKeeper::settle(Database& database, StoreId store, std::span<const std::uint64_t> leaves,
                            const Settlement& settlement) {
  const bool is_discarded = settlement.kind == Settlement::Kind::kDiscarded;
  rocksdb::WriteBatch batch;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> settled;  // With the bytes of what stays.
  for (const std::uint64_t leaf : leaves) {
    {
      const std::shared_lock lock(mutex_);
      const DeadLetterEntry* entry = index_.find(store, leaf);
      if (entry == nullptr || entry->is_discarded) {
        continue;
      }
    }
    const std::string key = dead_letter_key(store, leaf);
    std::string left;
    if (is_discarded) {
      const Result<DeadLetter> letter = read_letter(database, store, leaf);
      if (!letter) {
        return letter.error();
      }
      left = discarded_value(*letter, settlement);
      batch.Put(database.dead_letters(), key, left);
      batch.Put(
          database.meta(), letter_mark_key(store, leaf),
          letter_mark_value(
              {.is_discarded = true, .refused_at = letter->refused_at, .received_at = letter->version.received_at}));
    } else {
      batch.Delete(database.dead_letters(), key);
      batch.Delete(database.meta(), letter_mark_key(store, leaf));
    }
    settled.emplace_back(leaf, key.size() + left.size());
  }
  if (Status written = database.write(batch, Durability::kSynced); !written) {
    return written;
  }
  TWINLOG_KILL_POINT("spool.after_settlement");
  const std::unique_lock lock(mutex_);
  for (const auto& [leaf, bytes] : settled) {
    index_.erase(store, leaf);
    if (is_discarded) {
      index_.put(store, leaf, {.is_discarded = true, .bytes = bytes});
    }
  }
  return {};
}

Result<std::vector<DeadLetter>> LetterKeeper::list(const Database& database, StoreId store, std::uint64_t after,
                                                   std::size_t most) const {
  std::vector<DeadLetter> letters;
  for (const std::uint64_t leaf : leaves(store, {after + 1, UINT64_MAX})) {
    if (letters.size() == most) {
      break;
    }
    {
      const std::shared_lock lock(mutex_);
      const DeadLetterEntry* entry = index_.find(store, leaf);
      if (entry == nullptr || entry->is_discarded) {
        continue;
      }
    }
    Result<DeadLetter> letter = read_letter(database, store, leaf);
    if (!letter) {
      return letter.error();
    }
    letters.push_back(std::move(*letter));
  }
  return letters;
}

std::vector<std::uint64_t> LetterKeeper::leaves(StoreId store, const LeafRange& range) const {
  const std::shared_lock lock(mutex_);
  return index_.leaves(store, range);
}

bool LetterKeeper::holds(const Database& database, const AcceptedEvent& offered,
                         const std::vector<LeafRange>& holes) const {
  const AuthEvent& event = offered.event;
  std::vector<DeadLetterIndex::Place> places;
  {
    const std::shared_lock lock(mutex_);
    if (index_.empty()) {
      return false;
    }
    places = index_.places(content_mark({event.tenant_id, event.log_id}, offered.content_hash));
  }
  for (const auto& [store, leaf] : places) {
    if (beyond_holes(holes, leaf) != leaf) {
      continue;
    }
    const Result<DeadLetter> letter = read_letter(database, store, leaf);
    // The hash covers the key, too.
    if (letter && letter->version.content_hash == offered.content_hash) {
      return true;
    }
  }
  return false;
}

void LetterKeeper::tell(SpoolStats& stats) const {
  const std::shared_lock lock(mutex_);
  for (std::size_t store = 0; store < kStores; ++store) {
    stats.dead_letters.at(store) = index_.counts(static_cast<StoreId>(store));
  }
  stats.dead_letters_max = most_bytes_;
}

}  // namespace twinlog
