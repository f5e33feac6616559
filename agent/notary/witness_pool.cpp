#include "agent/notary/witness_pool.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "ledger/note/checkpoint.h"
#include "ledger/note/origin.h"
#include "ledger/tree/merkle.h"

namespace twinlog {

std::optional<Witness> checked_witness(const SeenCheckpoint& seen, const VerifierKey& enrolment) {
  const Result<Leaf> leaf = parse_leaf(seen.open);
  const auto* open = leaf ? std::get_if<OpenLeaf>(&leaf->content) : nullptr;
  if (open == nullptr || leaf->header.epoch_id != seen.epoch_id) {
    return std::nullopt;
  }
  const Result<VerifierKey> key = parse_verifier_key(open->verifier_key);
  if (!key || key->name != open->origin || epoch_of_origin(open->origin) != seen.epoch_id) {
    return std::nullopt;
  }
  const Result<SignedCheckpoint> beginning = parse_checkpoint(seen.beginning_note);
  const Checkpoint first{open->origin, {1, leaf_hash(seen.open)}};
  if (!beginning || beginning->checkpoint != first || signed_by(beginning->note, *key) != SignedBy::kYes ||
      signed_by(beginning->note, enrolment) != SignedBy::kYes) {
    return std::nullopt;
  }
  const Result<SignedCheckpoint> newest = parse_checkpoint(seen.note);
  if (!newest || newest->checkpoint.origin != open->origin || signed_by(newest->note, *key) != SignedBy::kYes) {
    return std::nullopt;
  }
  return Witness{seen.epoch_id, newest->checkpoint.head.size, newest->checkpoint.head.root};
}

std::chrono::milliseconds WitnessPool::step() {
  const auto now = parts_.clock.steady_now();
  if (next_ && now < *next_) {
    return std::chrono::ceil<std::chrono::milliseconds>(*next_ - now);
  }
  next_ = now + kRound;
  std::vector<Witness> found;
  for (StoreReader* store : parts_.stores) {
    look_at(*store, found);
  }
  const std::scoped_lock lock(mutex_);
  found_ = std::move(found);
  return kRound;
}

void WitnessPool::look_at(StoreReader& store, std::vector<Witness>& found) {
  auto seen = store.newest_checkpoints(kNewest);
  if (!seen) {
    return;
  }
  std::erase_if(*seen, [this](const SeenCheckpoint& one) { return parts_.is_our_own(one.epoch_id); });
  const VerifierKey enrolment = parts_.enrolment();
  std::size_t drawn = 0;
  while (!seen->empty() && drawn < kOfEachStore) {
    const std::size_t place = parts_.random.next() % seen->size();
    const std::optional<Witness> witness = checked_witness((*seen)[place], enrolment);
    (*seen)[place] = std::move(seen->back());
    seen->pop_back();
    if (!witness) {
      continue;
    }
    ++drawn;
    const auto known = std::ranges::find(found, witness->epoch_id, &Witness::epoch_id);
    if (known == found.end()) {
      found.push_back(*witness);
    } else if (known->size < witness->size) {
      *known = *witness;
    }
  }
}

std::vector<Witness> WitnessPool::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(found_, {});
}

}  // namespace twinlog
