#include "spool/letter_rescue.h"

#include <rocksdb/iterator.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "ledger/base/kill_point.h"
#include "ledger/base/uuid.h"
#include "ledger/record/canonical.h"
#include "spool/dead_letter_codec.h"
#include "spool/items.h"
#include "spool/layout.h"
#include "spool/loss.h"
#include "spool/rescue_meta.h"

namespace twinlog {
namespace {

/// So much is put back at once.
constexpr std::size_t kBatchBytes = 1U << 20U;

/// A record of one that was discarded, without what is not known any more.
std::string bare_discarded_value(const LetterMark& mark) {
  DeadLetter bare;
  bare.refused_at = mark.refused_at;
  bare.words = "the record of this was damaged";
  return discarded_value(bare, {});
}

/// One whose properties are damaged does not say whose it is: its keys do.
bool may_hold_letters(const rocksdb::SstFileReader& table) {
  const std::shared_ptr<const rocksdb::TableProperties> properties = table.GetTableProperties();
  return properties == nullptr || properties->column_family_name == kDeadLettersFamily;
}

DeadLetter letter_again(Version version, const LetterMark& mark) {
  return {.version = std::move(version),
          .refused_at = mark.refused_at,
          .code = "",
          .constraint = "",
          .where = "records",
          .words =
              "this letter was damaged and is made again from its event; why the store refused it is not known "
              "any more"};
}

class LetterRescue {
 public:
  LetterRescue(Database& database, SpoolState& state, UtcMicros now) : database_(database), state_(state), now_(now) {
    for (const MissedLetter& missed : state.dead_letters.missed()) {
      wanted_.emplace(dead_letter_key(missed.store, missed.leaf), missed);
    }
  }

  Status from_logs(const Aside& aside);
  Status from_tables(const Aside& aside);
  Status from_events();
  Status note_lost();
  std::vector<std::string> take_words();

 private:
  Status from_table(const std::string& path);
  /// The value of one that is wanted, if it is.
  Status offer(const std::string& key, std::string_view value);
  Status put(const std::string& key, std::string_view value);
  Status write();
  void add_run(const std::vector<MissedLetter>& run);
  /// What is not known, 0, is no earlier than the spool itself.
  UtcMicros no_earlier(UtcMicros received_at) const {
    return std::max(received_at, time_of_uuid_v7(state_.identity.epoch_id));
  }

  Database& database_;
  SpoolState& state_;
  const UtcMicros now_;
  std::map<std::string, MissedLetter> wanted_;  ///< By their keys, so in the order of stores and leaves.
  rocksdb::WriteBatch batch_;
  std::size_t found_ = 0;
  std::size_t made_again_ = 0;
  std::size_t bare_ = 0;
  std::vector<std::string> words_;
};

Status LetterRescue::write() {
  Status written = batch_.Count() == 0 ? Status() : database_.write(batch_, Durability::kSynced);
  batch_.Clear();
  return written;
}

Status LetterRescue::put(const std::string& key, std::string_view value) {
  batch_.Put(database_.dead_letters(), key, rocksdb::Slice(value));
  wanted_.erase(key);
  return batch_.GetDataSize() < kBatchBytes ? Status() : write();
}

Status LetterRescue::offer(const std::string& key, std::string_view value) {
  const auto wanted = wanted_.find(key);
  if (wanted == wanted_.end() || !is_letter_of(wanted->second.mark, value)) {
    return {};
  }
  ++found_;
  return put(key, value);
}

Status LetterRescue::from_logs(const Aside& aside) {
  const auto letters = wanted_.empty() ? Result<MetaRecords>(MetaRecords()) : records_of_logs(database_.env(), aside);
  if (!letters) {
    return letters.error();
  }
  Status done;
  for (const auto& [key, value] : letters->letters) {
    done = done.ok() && value ? offer(key, *value) : done;
  }
  return done;
}

Status LetterRescue::from_tables(const Aside& aside) {
  const std::vector<std::string> tables = aside.tables();
  Status done;
  for (auto path = tables.rbegin(); path != tables.rend() && done.ok() && !wanted_.empty(); ++path) {  // Newest first.
    done = from_table(*path);
  }
  return done;
}

Status LetterRescue::from_table(const std::string& path) {
  // What the disk does not give now is not gone.
  const auto given = [&](const rocksdb::Status& status) {
    return status.IsIOError() ? Status(database_error("a table of the spool cannot be read", database_.path(), status))
                              : Status();
  };
  rocksdb::Options options;
  options.env = &database_.env();
  rocksdb::SstFileReader reader(options);
  if (const rocksdb::Status opened = reader.Open(path); !opened.ok()) {
    return given(opened);
  }
  if (!may_hold_letters(reader)) {
    return {};
  }
  const std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator(rocksdb::ReadOptions()));
  Status done;
  const std::map<std::string, MissedLetter> wanted = wanted_;
  for (const auto& [key, missed] : wanted) {  // One by one: an iterator ends at the first block that is damaged.
    at->Seek(key);
    done = done.ok() ? given(at->status()) : done;
    if (done.ok() && at->Valid() && at->key() == key) {
      done = offer(key, at->value().ToStringView());
    }
  }
  return done;
}

Status LetterRescue::from_events() {
  Status done;
  const std::map<std::string, MissedLetter> wanted = wanted_;
  for (const auto& [key, missed] : wanted) {
    if (missed.mark.is_discarded) {
      ++bare_;
      done = done.ok() ? put(key, bare_discarded_value(missed.mark)) : done;
      continue;
    }
    Result<std::optional<SpoolItem>> item = read_item(database_, missed.leaf);
    if (!item && item.error().kind() != ErrorKind::kCorrupt) {
      return item.error();
    }
    if (item && item->has_value() && (*item)->version) {
      ++made_again_;
      done = done.ok() ? put(key, dead_letter_value(letter_again(std::move(*(*item)->version), missed.mark))) : done;
    }
  }
  return done;
}

void LetterRescue::add_run(const std::vector<MissedLetter>& run) {
  const auto [first, last] =
      std::ranges::minmax(run, {}, [](const MissedLetter& each) { return each.mark.received_at; });
  const StoreId store = run.front().store;
  Loss loss{.leaves = {run.front().leaf, run.back().leaf},
            .found_at = now_,
            .from = no_earlier(first.mark.received_at),
            .until = first.mark.received_at == 0 ? now_ : last.mark.received_at,
            .stores = bit_of(store)};
  for (std::size_t other = 0; other < kStores; ++other) {
    if (state_.positions.cursors.at(other) < loss.leaves.last) {  // It does not get the event itself, either.
      loss.stores |= bit_of(static_cast<StoreId>(other));
    }
  }
  words_.push_back(loss_words(loss));
  note_incomplete_since(state_.positions, store, loss.from);
  add_loss(state_.positions, loss);
}

Status LetterRescue::note_lost() {
  std::vector<MissedLetter> run;
  for (const auto& [key, missed] : wanted_) {
    batch_.Delete(database_.dead_letters(), key);
    batch_.Delete(database_.meta(), letter_mark_key(missed.store, missed.leaf));
    if (is_lost(state_.positions, missed.leaf, missed.store)) {
      note_incomplete_since(state_.positions, missed.store, no_earlier(missed.mark.received_at));
      continue;
    }
    if (!run.empty() && (run.back().store != missed.store || run.back().leaf + 1 != missed.leaf)) {
      add_run(std::exchange(run, {}));
    }
    run.push_back(missed);
  }
  if (!run.empty()) {
    add_run(run);
  }
  if (!wanted_.empty()) {
    put_losses(batch_, database_.meta(), state_.positions);
  }
  return write();
}

std::vector<std::string> LetterRescue::take_words() {
  const auto say = [this](std::size_t letters, const std::string& what) {
    if (letters > 0) {
      words_.push_back(std::to_string(letters) + what);
    }
  };
  say(found_, " dead letters were found in the spool's files behind damage and put back");
  say(made_again_,
      " dead letters were damaged and are made again from their events; why the store refused these is not known any "
      "more");
  say(bare_, " records of discarded dead letters were damaged: by whom and why is not known any more");
  return std::move(words_);
}

/// Letters of a time, or of meta keys, before that was kept.
Status mark_letters(Database& database, const DeadLetterIndex& letters) {
  rocksdb::WriteBatch batch;
  for (const auto& [store, leaf, mark] : letters.unmarked()) {
    batch.Put(database.meta(), letter_mark_key(store, leaf), letter_mark_value(mark));
  }
  return batch.Count() == 0 ? Status() : database.write(batch, Durability::kSynced);
}

/// By an opening that did not come to its end.
bool were_begun_anew(const Database& database, const Aside& aside) {
  const std::set<std::string> known = database.table_names();
  return std::ranges::any_of(aside.tables(), [&](const std::string& path) {
    rocksdb::Options options;
    options.env = &database.env();
    rocksdb::SstFileReader reader(options);
    return !known.contains(path.substr(path.rfind('/') + 1)) && reader.Open(path).ok() && may_hold_letters(reader) &&
           !reader.VerifyChecksum().ok();
  });
}

Status load_again(const Database& database, SpoolState& state) {
  Result<DeadLetterIndex> letters = DeadLetterIndex::load(database);
  if (letters) {
    state.dead_letters = std::move(*letters);
  }
  return letters ? Status() : letters.error();
}

}  // namespace

Result<MendedLetters> mend_letters(Database& database, const Aside& aside, SpoolState& state, UtcMicros now) {
  Status done = mark_letters(database, state.dead_letters);
  const bool is_table_damaged = state.dead_letters.is_table_damaged();
  if (done.ok() && !is_table_damaged && state.dead_letters.missed().empty()) {
    return MendedLetters{.is_damaged = were_begun_anew(database, aside), .words = {}};
  }
  if (is_table_damaged) {
    done = done.ok() ? database.begin_letters_anew() : done;
    TWINLOG_KILL_POINT("spool.letters_begun_anew");
    done = done.ok() ? load_again(database, state) : done;
  }
  LetterRescue rescue(database, state, now);
  done = done.ok() ? rescue.from_logs(aside) : done;
  done = done.ok() ? rescue.from_tables(aside) : done;
  done = done.ok() ? rescue.from_events() : done;
  done = done.ok() ? rescue.note_lost() : done;
  done = done.ok() ? load_again(database, state) : done;
  return done ? Result(MendedLetters{.is_damaged = true, .words = rescue.take_words()}) : done.error();
}

}  // namespace twinlog
