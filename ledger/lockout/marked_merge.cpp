#include "ledger/lockout/marked_merge.h"

#include <algorithm>

namespace twinlog {
namespace {

/// What is to be merged of a batch, and how sure it is that it never was.
struct Fresh {
  std::vector<const Version*> versions;
  std::uint64_t last = 0;
  std::uint64_t last_lost = 0;  ///< Below the bound, and yet not in the store until now.
  bool is_unsure = false;
};

Fresh fresh_of(const std::vector<OwnVersion>& versions, std::uint64_t bound, bool is_bound_sure,
               const MarkedWriter& writer) {
  Fresh fresh;
  for (const OwnVersion& own : versions) {
    const std::uint64_t leaf = own.version->leaf_index;
    const bool is_lost = leaf <= bound && own.is_inserted_now;
    const bool is_undelivered = leaf > writer.line.delivered;
    const bool is_unsure = writer.is_replay || (!own.is_inserted_now && is_undelivered &&
                                                (leaf <= writer.line.adopting || (leaf > bound && !is_bound_sure)));
    if (leaf > bound || is_lost || is_unsure) {
      fresh.versions.push_back(own.version);
    }
    fresh.last = std::max(fresh.last, leaf);
    fresh.last_lost = is_lost ? leaf : fresh.last_lost;
    fresh.is_unsure = fresh.is_unsure || is_unsure;
  }
  return fresh;
}

}  // namespace

MarkedMerge merge_marked(AccountState& state, bool exists, const std::vector<OwnVersion>& versions,
                         const MarkedWriter& writer) {
  const auto mark = state.marks.find(writer.epoch_id);
  const bool has_mark = mark != state.marks.end();
  const std::uint64_t bound = has_mark ? mark->second.leaf_index : exists ? writer.line.delivered : 0;
  const Fresh fresh = fresh_of(versions, bound, has_mark || !exists, writer);
  if (fresh.versions.empty()) {
    return MarkedMerge::kNothing;
  }
  const Recount needed = merge(state, fresh.versions);
  // Above what is delivered or adopted everything is still to be sent, so the mark goes back and the rest counts as it
  // comes. Below it nothing will be: the mark stays, for what it covers is there.
  const bool goes_back = fresh.last_lost > std::max(writer.line.delivered, writer.line.adopting);
  state.marks[writer.epoch_id] = {.leaf_index = goes_back ? fresh.last : std::max(bound, fresh.last),
                                  .moved_at = writer.now};
  const bool is_known = writer.is_counted && !goes_back;
  const bool recounts = needed == Recount::kNeeded || (fresh.last_lost > 0 && !is_known) || fresh.is_unsure;
  return recounts ? MarkedMerge::kRecount : MarkedMerge::kMerged;
}

void drop_redundant_marks(AccountState& state, const Uuid& own,
                          const std::function<std::uint64_t(const Uuid&)>& applied_of) {
  std::erase_if(state.marks, [&](const auto& entry) {
    return entry.first != own && entry.second.leaf_index <= applied_of(entry.first);
  });
}

}  // namespace twinlog
