#include "spool/loss.h"

#include <algorithm>
#include <optional>

#include "ledger/base/uuid.h"
#include "ledger/record/canonical.h"
#include "spool/items.h"

namespace twinlog {
namespace {

std::optional<UtcMicros> received_at(const Database& database, std::uint64_t leaf) {
  const Result<std::optional<SpoolItem>> found = read_item(database, leaf);
  return found && found->has_value() ? std::optional((*found)->received_at) : std::nullopt;
}

}  // namespace

Loss loss_of(const Database& database, const SpoolIdentity& identity, const LeafRange& leaves, const LossTimes& times) {
  const UtcMicros before = received_at(database, leaves.first - 1).value_or(0);
  return {.leaves = leaves,
          .found_at = times.found_at,
          .from = std::max(before, time_of_uuid_v7(identity.epoch_id)),
          .until = received_at(database, leaves.last + 1).value_or(times.not_after)};
}

void add_loss(SpoolPositions& positions, const Loss& loss) {
  const auto known = std::ranges::find(positions.losses, loss.leaves, &Loss::leaves);
  if (known != positions.losses.end()) {
    known->stores |= loss.stores;
  } else {
    positions.losses.push_back(loss);
    std::ranges::sort(positions.losses, {}, [](const Loss& each) { return each.leaves.first; });
  }
  for (std::size_t store = 0; store < kStores; ++store) {
    if (is_lost_for(loss, static_cast<StoreId>(store)) && positions.cursors.at(store) < loss.leaves.last) {
      note_incomplete_since(positions, static_cast<StoreId>(store), loss.from);
    }
  }
}

bool is_lost(const SpoolPositions& positions, std::uint64_t leaf, StoreId store) {
  const auto is_of_it = [&](const Loss& loss) {
    return loss.leaves.first <= leaf && leaf <= loss.leaves.last && is_lost_for(loss, store);
  };
  return std::ranges::any_of(positions.losses, is_of_it) || std::ranges::any_of(positions.acknowledged, is_of_it);
}

std::string loss_words(const Loss& loss) {
  const std::string leaves = std::to_string(loss.leaves.first) + " to " + std::to_string(loss.leaves.last);
  const std::string accepted = "; they were accepted between " + utc_text(loss.from) + " and " + utc_text(loss.until);
  if (loss.stores == kAllStores) {
    return "leaves " + leaves + " (events, and what the agent itself wrote between them) were promised and are gone" +
           accepted;
  }
  const StoreId store = is_lost_for(loss, StoreId::kPostgres) ? StoreId::kPostgres : StoreId::kMongodb;
  return "the dead letters of the events " + leaves + " for " + std::string(store_name(store)) +
         " are gone, and that store can never have these events" + accepted;
}

Result<std::optional<LeafRange>> unreadable_from(const Database& database, const LeafRange& range) {
  std::optional<LeafRange> found;
  for (std::uint64_t leaf = range.first; leaf <= range.last; ++leaf) {
    const Result<std::optional<SpoolItem>> version = read_item(database, leaf);
    if (version && version->has_value()) {
      break;
    }
    if (!version && version.error().kind() != ErrorKind::kCorrupt) {
      return version.error();
    }
    if (!version || found) {  // What is not there behind damage went with it.
      found = LeafRange{range.first, leaf};
    } else {
      break;
    }
  }
  return found;
}

}  // namespace twinlog
