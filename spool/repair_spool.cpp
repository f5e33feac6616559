#include "spool/repair_spool.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "spool/database_setup.h"
#include "spool/holes.h"
#include "spool/items.h"
#include "spool/loss.h"
#include "spool/opening.h"

namespace twinlog {
namespace {

bool is_readable(const Database& database, std::uint64_t leaf) {
  const Result<std::optional<SpoolItem>> item = read_item(database, leaf);
  return item && item->has_value();
}

/// What of `wanted` still is neither readable nor on record.
std::vector<LeafRange> still_gone(const OpenedSpool& opened, const std::vector<LeafRange>& wanted) {
  std::vector<LeafRange> open;
  for (const LeafRange& range : wanted) {
    std::ranges::copy(outside_holes(known_holes(opened.state.positions), range), std::back_inserter(open));
  }
  std::vector<LeafRange> gone;
  for (const LeafRange& range : open) {
    for (std::uint64_t leaf = range.first; leaf <= range.last; ++leaf) {
      if (is_readable(*opened.database, leaf)) {
        continue;
      }
      if (gone.empty() || gone.back().last + 1 != leaf) {
        gone.push_back({leaf, leaf});
      }
      gone.back().last = leaf;
    }
  }
  return gone;
}

}  // namespace

Result<std::vector<std::string>> repair_spool(const RocksSpoolSettings& settings, const SpoolCheck& check,
                                              Random& random, const Clock& clock) {
  const DatabaseSetup setup(settings);
  if (check.is_ids_damaged) {
    setup.suspect_tables();
  }
  Result<OpenedSpool> opened = open_at_start(setup, random, clock);
  if (!opened) {
    return opened.error();
  }
  if (opened->is_read_only) {
    return Error(ErrorKind::kFull, "the volume of the spool in " + settings.path + " has no room to repair it");
  }
  std::vector<std::string> words = std::move(opened->warnings);
  SpoolPositions& positions = opened->state.positions;
  for (const LeafRange& leaves : still_gone(*opened, check.to_lose)) {
    const UtcMicros now = clock.utc_now();
    const Loss loss = loss_of(*opened->database, opened->state.identity, leaves, {now, now});
    add_loss(positions, loss);
    words.push_back(loss_words(loss));
  }
  rocksdb::WriteBatch batch;
  put_losses(batch, opened->database->meta(), positions);
  const Status written = opened->database->write(batch, Durability::kSynced);
  SpoolStats ids;
  setup.tell(ids);
  if (ids.forgotten_ids > 0) {
    words.push_back(
        "the memory of ids was damaged and is begun anew: an event that is sent again may be taken again, "
        "and is a duplicate only for the stores");
  }
  return written ? Result(std::move(words)) : written.error();
}

}  // namespace twinlog
