// A spool with the ledger: epochs that begin, leaves of the agent's own, and what a store would get of it all.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/leaf/leaf.h"
#include "ledger/tree/frontier.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {

/// Fixture: FaultySpoolTest or SpoolTest.
NewEpoch new_epoch(std::uint8_t number);
LeafMaker gap_maker();
LeafMaker close_maker();
LeafMaker heartbeat_maker();

/// What one store has of an epoch, flush by flush.
struct StoredTree {
  std::uint64_t base = 0;
  std::map<std::uint64_t, Digest> hashes;   ///< By index, of tiles.
  std::map<std::uint64_t, Digest> rebuilt;  ///< By index, made again from versions and own leaves.
  std::map<std::uint64_t, Digest> notes;    ///< Root by size.
  std::optional<EpochBeginning> beginning;
  bool is_closed = false;

  /// Of the tiles, dense from 0; nothing where they are not.
  std::optional<Frontier> tree(std::uint64_t size) const;
};

/// Reads all batches above `after`, of at most so many items; the test fails where they cannot be read or do not fit.
std::map<std::string, StoredTree> deliver(const Spool& spool, std::uint64_t after, std::size_t most_items);

/// Every note's root is that of the tiles, every tile's hash that of its leaf where that is there.
void expect_sound(const std::map<std::string, StoredTree>& stored);

}  // namespace twinlog::testing
