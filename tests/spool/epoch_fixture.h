// A spool with the ledger: its epochs are begun, ended and signed as a notary would, by keys that nobody checks here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ledger/leaf/leaf.h"
#include "ledger/tree/frontier.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {

template <typename Base>
class WithLedger : public Base {
 protected:
  Result<TreeState> try_begin(std::uint8_t id);
  TreeState begin(std::uint8_t id) { return try_begin(id).value(); }
  Result<TreeState> beat();
  Result<TreeState> close_epoch();
  /// As the notary does after the leaf is on stable storage.
  Status sign(const TreeState& tree);
  /// Every batch that a courier takes from here on.
  std::vector<SpoolBatch> batches_after(std::uint64_t after, std::size_t most_events = 1000);
};

/// An epoch as its batches bring it to a store: dense from 0, or the test fails.
struct CarriedEpoch {
  Frontier frontier;
  std::vector<std::string> log_ids;
  std::map<std::uint64_t, std::string> own_leaves;
  std::map<std::uint64_t, Digest> notes;  ///< Roots by size.
  bool is_closed = false;
};
std::map<Uuid, CarriedEpoch> carried(const std::vector<SpoolBatch>& batches);

Uuid epoch_id(std::uint8_t id);
/// A leaf that says no more than it must.
LeafMaker beat_maker();

extern template class WithLedger<SpoolTest>;
extern template class WithLedger<FaultySpoolTest>;

}  // namespace twinlog::testing
