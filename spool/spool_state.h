// What a spool knows when it starts: read from its meta keys and its last event, never from the backlog.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"
#include "spool/database.h"
#include "spool/dead_letter_index.h"
#include "spool/epoch_book.h"
#include "spool/layout.h"
#include "spool/spool.h"

namespace twinlog {

/// How far trimming and the stores are, and what the stores have forgotten.
struct SpoolPositions {
  std::uint64_t first_kept = 1;
  std::array<std::uint64_t, kStores> cursors{};
  std::array<std::uint64_t, kStores> delivered_before{};  ///< The greatest cursor that was ever moved back from.
  std::array<std::optional<UtcMicros>, kStores> incomplete_since{};
  std::uint64_t skipped_to = 0;                ///< Numbers up to here are never given out any more.
  std::vector<LeafRange> skipped;              ///< That were never given out.
  std::vector<Loss> losses;                    ///< That nobody has acknowledged yet.
  std::vector<AcknowledgedLoss> acknowledged;  ///< Those that somebody has.
};

struct SpoolState {
  std::uint32_t format = kSpoolFormat;
  SpoolIdentity identity;
  SpoolPositions positions;
  std::uint64_t last_leaf = 0;
  std::uint64_t last_event = 0;    ///< The greatest leaf that is there; 0: none.
  UtcMicros last_received_at = 0;  ///< Of all that was ever accepted, as far as it is known.
  DeadLetterIndex dead_letters;
  EpochRecords epochs;
};

/// Reads the state; a spool without events and without a format is new and gets its identity, synced. A cursor that is
/// missing or too low stands before the first kept leaf: redelivered, never skipped.
/// Errors: kRefused for a newer format (both are named), kCorrupt for meta keys that are not ours, kTransient.
Result<SpoolState> load_state(const DatabaseSetup& setup, Database& database, Random& random, const Clock& clock);

/// The same of a spool that is there, without writing anything; nothing where there are neither events nor a format.
Result<std::optional<SpoolState>> read_state(const DatabaseSetup& setup, const Database& database);

/// A key of generated log ids.
std::string new_log_id_key(Random& random);

/// The refusal that names both formats.
Error newer_format_error(const std::string& path, std::uint32_t found);

/// All of them.
void put_positions(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* meta, const SpoolPositions& positions);

/// The earliest of all notes is kept.
void note_incomplete_since(SpoolPositions& positions, StoreId store, UtcMicros since);
/// What an opening found lost, and since when stores are incomplete, into what memory knows.
void take_losses(SpoolPositions& positions, const SpoolPositions& found);

/// In place of the loss.
void put_acknowledged(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* meta, const AcknowledgedLoss& loss);

/// What the stores have forgotten alone: cursors move on their own.
void put_losses(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* meta, const SpoolPositions& positions);

/// Why the database did not open: a newer format may have column families that this build does not know.
Error explain_unopened(const DatabaseSetup& setup, const Error& error);

}  // namespace twinlog
