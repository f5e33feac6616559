#include "ledger/verify/strangers.h"

#include <algorithm>
#include <set>
#include <string>

#include "ledger/base/uuid.h"

namespace twinlog {
namespace {

std::set<Uuid> begun_since(const VerifyOrder& order, const EpochRegister& book) {
  std::set<Uuid> begun;
  for (const VerifyStore& store : order.stores) {
    // Where a store cannot be read now, its rows are named as if nothing had begun: too much rather than too little.
    static_cast<void>(store.reader.epochs([&](LedgerEpochRow&& row) -> Status {
      const auto id = uuid_from_text(row.epoch_id);
      if (id && !book.find(*id)) {
        begun.insert(*id);
      }
      return {};
    }));
  }
  return begun;
}

Finding finding_of(const StoreIntake& intake, const Uuid& id, const StrangeEpoch& stranger) {
  Finding finding;
  finding.verdict = Verdict::kForeign;
  finding.store = intake.side();
  finding.origin = uuid_text(id);
  finding.leaf_index = stranger.first_index;
  if (!stranger.tenant_id.empty()) {
    finding.tenant_id = stranger.tenant_id;
    finding.log_id = stranger.log_id;
  }
  finding.detail = "rows of an epoch that never began, or beyond any tree: " + std::to_string(stranger.rows);
  return finding;
}

}  // namespace

std::uint64_t tell_strangers(const VerifyOrder& order, const EpochRegister& book,
                             std::span<const std::unique_ptr<StoreIntake>> intakes, FindingLog& log) {
  const bool has_any =
      std::any_of(intakes.begin(), intakes.end(), [](const auto& intake) { return !intake->strangers.empty(); });
  const std::set<Uuid> begun = has_any ? begun_since(order, book) : std::set<Uuid>();
  std::uint64_t pending = 0;
  for (const auto& intake : intakes) {
    for (const auto& [id, stranger] : intake->strangers) {
      if (begun.contains(id)) {
        pending += stranger.rows;
      } else {
        log.add(finding_of(*intake, id, stranger));
      }
    }
  }
  return pending;
}

}  // namespace twinlog
