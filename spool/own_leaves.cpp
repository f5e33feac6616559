#include "spool/own_leaves.h"

#include <rocksdb/write_batch.h>

#include <cstdlib>
#include <string>

#include "ledger/leaf/leaf.h"
#include "ledger/tree/merkle.h"
#include "spool/layout.h"
#include "spool/ledger_layout.h"

namespace twinlog {

OwnLeafPut put_own_leaf(rocksdb::WriteBatch& batch, const Database& database, TreeDraft& tree, const LeafMaker& make) {
  const std::uint64_t number = tree.base() + tree.index();
  const std::string leaf = make(tree.state(), tree.accept_at());
  const Result<Leaf> parsed = parse_leaf(leaf);
  if (!parsed || parsed->header != LeafHeader{tree.epoch_id(), tree.index(), tree.accept_at()}) {
    std::abort();  // It could never be proved, nor be taken back.
  }
  const Digest hash = leaf_hash(leaf);
  batch.Put(database.events(), event_key(number), own_item(leaf));
  batch.Put(database.leaves(), event_key(number), leaf_value(hash, leaf));
  batch.Put(database.meta(), own_key(number), "");
  tree.append(hash);
  const LeafType type = type_of(parsed->content);
  return {number, type == LeafType::kHeartbeat || type == LeafType::kClose};
}

}  // namespace twinlog
