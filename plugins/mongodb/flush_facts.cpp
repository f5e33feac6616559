#include "plugins/mongodb/flush_facts.h"

#include <algorithm>
#include <utility>

#include "plugins/mongodb/document.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {

FlushBatch without_early_letters(FlushBatch batch, std::uint64_t delivered, FlushReport& report) {
  const auto early = std::ranges::upper_bound(batch.versions, delivered, {}, &Version::leaf_index);
  for (const Version& version : std::span(early, batch.versions.end())) {
    report.refused.push_back(
        {version.leaf_index,
         {.reaction = Reaction::kPoison,
          .code = "",
          .constraint = "",
          .words = "the store was set back behind this event; offer it again when the store has all before it",
          .where = StoreStage::kPosition}});
  }
  batch.versions = batch.versions.first(batch.versions.size() - report.refused.size());
  return batch;
}

StoreStatus in_collection(StoreStage where, StoreStatus failed) {
  if (failed && failed->reaction == Reaction::kPoison) {
    failed->words = std::string(where == StoreStage::kAccounts ? kAccounts : kAgents) + ": " + failed->words;
  }
  return at(where, std::move(failed));
}

std::vector<std::string> ids_of_account_versions(std::span<const Version> versions) {
  std::vector<std::string> ids;
  for (const Version& version : versions) {
    if (!accounts_of(version.event).empty()) {
      ids.push_back(version_id(Shelf::kRecords, version));
    }
  }
  return ids;
}

}  // namespace twinlog::mongodb
