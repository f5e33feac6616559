#include "spool/spool_state.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <string>

#include "ledger/base/uuid.h"
#include "spool/items.h"
#include "spool/layout.h"
#include "spool/ledger_layout.h"

namespace twinlog {
namespace {

constexpr std::size_t kLogIdKeyBytes = 32;

Error meta_error(const std::string& path, std::string_view key) {
  return {ErrorKind::kCorrupt, "the spool in " + path + " has events, but its key \"" + std::string(key) +
                                   "\" is missing or damaged; keep a copy of the folder and start with an empty one"};
}

Result<SpoolIdentity> create_identity(Database& database, Random& random, const Clock& clock) {
  SpoolIdentity identity;
  identity.epoch_id = uuid_v7(clock.utc_now(), random);
  identity.log_id_key = new_log_id_key(random);
  rocksdb::WriteBatch batch;
  // RocksDB's own calls give a status that tells only of a batch grown beyond its limit; this one has none.
  batch.Put(database.meta(), rocksdb::Slice(kFormatKey), format_value(kSpoolFormat));
  batch.Put(database.meta(), epoch_key(0), rocksdb::Slice(as_text(identity.epoch_id)));
  batch.Put(database.meta(), rocksdb::Slice(kLogIdKeyKey), identity.log_id_key);
  const Status written = database.write(batch, Durability::kSynced);
  if (!written) {
    return written.error();
  }
  return identity;
}

Result<SpoolIdentity> read_identity(const std::string& path, const Database& database, std::uint32_t format) {
  const auto epoch_id = database.get_meta(format == 1 ? std::string(kEpochIdKey) : epoch_key(0));
  const auto log_id_key = database.get_meta(kLogIdKeyKey);
  if (!epoch_id || !log_id_key) {
    return !epoch_id ? epoch_id.error() : log_id_key.error();
  }
  const std::optional<Uuid> uuid = epoch_id->has_value() ? array_from<sizeof(Uuid)>(**epoch_id) : std::optional<Uuid>();
  if (!uuid) {
    return meta_error(path, kEpochIdKey);
  }
  if (!log_id_key->has_value() || (*log_id_key)->size() != kLogIdKeyBytes) {
    return meta_error(path, kLogIdKeyKey);
  }
  return SpoolIdentity{*uuid, **log_id_key};
}

/// False when the spool is new.
Result<bool> identify(const DatabaseSetup& setup, const Database& database, SpoolState& state) {
  const auto format = database.get_meta(kFormatKey);
  if (!format) {
    return format.error();
  }
  if (!format->has_value()) {
    return state.last_event == 0 ? Result(false) : meta_error(setup.path(), kFormatKey);
  }
  const std::optional<std::uint32_t> number = format_from(**format);
  if (!number || *number == 0) {
    return meta_error(setup.path(), kFormatKey);
  }
  if (*number > kSpoolFormat) {
    return newer_format_error(setup.path(), *number);
  }
  Result<SpoolIdentity> identity = read_identity(setup.path(), database, *number);
  if (!identity) {
    return identity.error();
  }
  state.format = *number;
  state.identity = std::move(*identity);
  return true;
}

/// The number under `key`, or `missing`.
Result<std::uint64_t> read_number(const std::string& path, const Database& database, std::string_view key,
                                  std::uint64_t missing) {
  const auto value = database.get_meta(key);
  if (!value) {
    return value.error();
  }
  if (!value->has_value()) {
    return missing;
  }
  const std::optional<std::uint64_t> number = number_from(**value);
  if (!number) {
    return meta_error(path, key);
  }
  return *number;
}

/// All entries under `prefix`, each as `decode(key, value)` has it.
template <typename Entry, typename Decode>
Status read_entries(const std::string& path, const Database& database, std::string_view prefix, const Decode& decode,
                    std::vector<Entry>& all) {
  const auto entries = database.meta_entries(prefix);
  if (!entries) {
    return entries.error();
  }
  for (const auto& [key, value] : *entries) {
    std::optional<Entry> entry = decode(key, value);
    if (!entry) {
      return meta_error(path, prefix);
    }
    all.push_back(std::move(*entry));
  }
  return {};
}

Status read_losses(const std::string& path, const Database& database, SpoolPositions& positions) {
  const auto skipped = [](std::string_view key, std::string_view /*value*/) {
    return range_of_key(key, kSkippedPrefix);
  };
  Status read = read_entries(path, database, kSkippedPrefix, skipped, positions.skipped);
  read =
      read.ok() ? read_entries(path, database, kAcknowledgedPrefix, acknowledged_from, positions.acknowledged) : read;
  read = read.ok() ? read_entries(path, database, kLostPrefix, loss_from, positions.losses) : read;
  if (!read) {
    return read;
  }
  const Result<std::uint64_t> skipped_to = read_number(path, database, kSkippedToKey, 0);
  if (!skipped_to) {
    return skipped_to.error();
  }
  positions.skipped_to = *skipped_to;
  for (std::size_t i = 0; i < kStores; ++i) {
    constexpr auto kNever = static_cast<std::uint64_t>(INT64_MIN);
    const std::string key = incomplete_since_key(static_cast<StoreId>(i));
    const Result<std::uint64_t> since = read_number(path, database, key, kNever);
    if (!since) {
      return since.error();
    }
    if (*since != kNever) {
      positions.incomplete_since[i] = static_cast<UtcMicros>(*since);
    }
  }
  return {};
}

/// Which of the losses a leaf declares.
Status read_declared(const std::string& path, const Database& database, SpoolPositions& positions) {
  std::vector<std::string> declared;
  const auto key_alone = [](std::string_view key, std::string_view /*value*/) {
    return std::optional(std::string(key));
  };
  Status read = read_entries(path, database, kDeclaredPrefix, key_alone, declared);
  const auto mark = [&declared](Loss& loss) {
    loss.is_declared = std::ranges::find(declared, declared_key(loss)) != declared.end();
  };
  std::ranges::for_each(positions.losses, mark);
  std::ranges::for_each(positions.acknowledged, mark);
  return read;
}

/// Of the newest event that can be read; 0 where there is none.
Result<UtcMicros> newest_received_at(const Database& database, std::uint64_t last_event) {
  constexpr std::uint64_t kMost = 1024;  // More than lie in one block, which is what is damaged together.
  for (std::uint64_t leaf = last_event; leaf > 0 && leaf + kMost > last_event; --leaf) {
    Result<std::optional<SpoolItem>> found = read_item(database, leaf);
    if (!found) {  // It may be one of the reading alone.
      found = read_item(database, leaf);
    }
    if (found && found->has_value()) {
      return (*found)->received_at;
    }
    if (!found && found.error().kind() != ErrorKind::kCorrupt) {
      return found.error();
    }
  }
  return UtcMicros{0};
}

}  // namespace

std::string new_log_id_key(Random& random) {
  std::array<std::uint8_t, kLogIdKeyBytes> key{};
  random.fill(key);
  return std::string(as_text(key));
}

Error newer_format_error(const std::string& path, std::uint32_t found) {
  return {ErrorKind::kRefused, "the spool in " + path + " has format " + std::to_string(found) +
                                   " and this build reads up to format " + std::to_string(kSpoolFormat) +
                                   "; run the newer twinlog again, or let it drain the spool first"};
}

Result<SpoolState> load_state(const DatabaseSetup& setup, Database& database, Random& random, const Clock& clock) {
  Result<std::optional<SpoolState>> state = read_state(setup, database);
  if (!state || state->has_value()) {
    return state ? Result(std::move(**state)) : state.error();
  }
  Result<SpoolIdentity> identity = create_identity(database, random, clock);
  if (!identity) {
    return identity.error();
  }
  SpoolState created;
  created.epochs.epochs.emplace(0, StoredEpoch{.id = identity->epoch_id});
  created.identity = std::move(*identity);
  return created;
}

Result<std::optional<SpoolState>> read_state(const DatabaseSetup& setup, const Database& database) {
  const Result<std::uint64_t> last_event = database.last_leaf();
  if (!last_event) {
    return last_event.error();
  }
  SpoolState state;
  state.last_event = *last_event;
  const Result<bool> identified = identify(setup, database, state);
  if (!identified || !*identified) {
    return identified ? Result(std::optional<SpoolState>()) : identified.error();
  }
  const Result<std::uint64_t> first_kept = read_number(setup.path(), database, kFirstKeptKey, 1);
  if (!first_kept) {
    return first_kept.error();
  }
  state.positions.first_kept = std::max<std::uint64_t>(1, *first_kept);
  // When everything was trimmed no event is left to tell the last leaf, but the trim point does; and a leaf that a
  // store has is never given out again, whatever became of the spool's own copy.
  state.last_leaf = std::max(*last_event, state.positions.first_kept - 1);
  for (std::size_t i = 0; i < kStores; ++i) {
    const std::string key = cursor_key(static_cast<StoreId>(i));
    const Result<std::uint64_t> cursor = read_number(setup.path(), database, key, 0);
    if (!cursor) {
      return cursor.error();
    }
    state.positions.cursors[i] = std::max(*cursor, state.positions.first_kept - 1);
    const Result<std::uint64_t> before =
        read_number(setup.path(), database, delivered_before_key(static_cast<StoreId>(i)), 0);
    if (!before) {
      return before.error();
    }
    state.positions.delivered_before[i] = *before;
    state.last_leaf = std::max(state.last_leaf, *cursor);
  }
  Status losses = read_losses(setup.path(), database, state.positions);
  losses = losses.ok() ? read_declared(setup.path(), database, state.positions) : losses;
  if (!losses) {
    return losses.error();
  }
  const Result<std::uint64_t> trimmed_at = read_number(setup.path(), database, kReceivedAtKey, 0);
  Result<DeadLetterIndex> letters = DeadLetterIndex::load(database);
  if (!trimmed_at || !letters) {
    return !trimmed_at ? trimmed_at.error() : letters.error();
  }
  const Result<UtcMicros> newest = newest_received_at(database, state.last_event);
  if (!newest) {
    return newest.error();
  }
  Result<EpochRecords> epochs = EpochRecords::load(database);
  if (!epochs) {
    return epochs.error();
  }
  epochs->epochs.try_emplace(0, StoredEpoch{.id = state.identity.epoch_id});  // Format 1 has it elsewhere.
  state.epochs = std::move(*epochs);
  state.last_received_at = std::max(static_cast<UtcMicros>(*trimmed_at), *newest);
  state.dead_letters = std::move(*letters);
  return std::optional(std::move(state));
}

void put_positions(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* meta, const SpoolPositions& positions) {
  batch.Put(meta, rocksdb::Slice(kFirstKeptKey), number_value(positions.first_kept));
  for (std::size_t i = 0; i < kStores; ++i) {
    batch.Put(meta, cursor_key(static_cast<StoreId>(i)), number_value(positions.cursors[i]));
    if (positions.delivered_before[i] > 0) {
      batch.Put(meta, delivered_before_key(static_cast<StoreId>(i)), number_value(positions.delivered_before[i]));
    }
  }
  put_losses(batch, meta, positions);
}

void note_incomplete_since(SpoolPositions& positions, StoreId store, UtcMicros since) {
  std::optional<UtcMicros>& noted = positions.incomplete_since.at(static_cast<std::size_t>(store));
  noted = std::min(noted.value_or(since), since);
}

void take_losses(SpoolPositions& positions, const SpoolPositions& found) {
  positions.losses = found.losses;
  positions.acknowledged = found.acknowledged;
  positions.skipped = found.skipped;
  for (std::size_t store = 0; store < kStores; ++store) {
    if (const auto& since = found.incomplete_since.at(store)) {
      note_incomplete_since(positions, static_cast<StoreId>(store), *since);
    }
  }
}

void put_acknowledged(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* meta, const AcknowledgedLoss& loss) {
  batch.Delete(meta, lost_key(loss.leaves));
  batch.Put(meta, acknowledged_key(loss), acknowledged_value(loss));
}

void put_losses(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* meta, const SpoolPositions& positions) {
  if (positions.skipped_to > 0) {
    batch.Put(meta, rocksdb::Slice(kSkippedToKey), number_value(positions.skipped_to));
  }
  for (const Loss& loss : positions.losses) {
    batch.Put(meta, lost_key(loss.leaves), loss_value(loss));
  }
  for (std::size_t i = 0; i < kStores; ++i) {
    if (const auto& since = positions.incomplete_since[i]) {
      const auto value = static_cast<std::uint64_t>(*since);
      batch.Put(meta, incomplete_since_key(static_cast<StoreId>(i)), number_value(value));
    }
  }
}

Error explain_unopened(const DatabaseSetup& setup, const Error& error) {
  if (error.kind() == ErrorKind::kRefused) {
    return error;
  }
  const std::optional<std::uint32_t> format = Database::peek_format(setup);
  return format && *format > kSpoolFormat ? newer_format_error(setup.path(), *format) : error;
}

}  // namespace twinlog
