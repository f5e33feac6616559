#include "spool/commit_plan.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <optional>

#include "ledger/leaf/event_leaf.h"
#include "ledger/record/canonical.h"
#include "ledger/tree/merkle.h"
#include "spool/holes.h"

namespace twinlog {
namespace {

/// What a version takes in the database beside its content and its key: header, two hashes, framing of three entries.
constexpr std::uint64_t kVersionOverheadBytes = 352;

/// Once in the log, and once in the table that a flush makes of it before that log goes.
std::uint64_t bytes_of(const AcceptedEvent& offered) {
  const AuthEvent& event = offered.event;
  return 2 * (offered.canonical.size() + event.tenant_id.size() + event.log_id.size() + kVersionOverheadBytes);
}

EventRole role_of(const AcceptedEvent& offered) {
  return event_role(offered.event.event_type);
}

std::string key_of(const AcceptedEvent& offered) {
  return id_key(offered.event.tenant_id, offered.event.log_id);
}

}  // namespace

CommitPlan::CommitPlan(CommitTerms terms, Room room, const Database& database, const LetterKeeper& letters)
    : terms_(std::move(terms)),
      room_(room),
      database_(database),
      letters_(letters),
      last_leaf_before_(terms_.last_leaf),
      batch_(std::make_unique<rocksdb::WriteBatch>()),
      hashes_(*batch_, database_) {
  terms_.last_leaf = std::max(terms_.last_leaf, terms_.skipped_to);
}

CommitPlan::~CommitPlan() = default;

Committed CommitPlan::decide(std::span<const CommitRequest> requests, const LeafMaker* rider) {
  look_up(requests);
  Committed committed;
  committed.answers.reserve(requests.size());
  for (const CommitRequest& request : requests) {
    committed.answers.push_back(decide_request(request));
  }
  hashes_.put();
  committed.skipped = note_skipped();
  if (rider != nullptr && terms_.tree != nullptr && batch_->Count() > 0) {
    committed.own = put_own_leaf(*batch_, database_, *terms_.tree, *rider);
    terms_.last_leaf = committed.own->number;
  }
  committed.last_leaf = terms_.last_leaf;
  return committed;
}

std::optional<LeafRange> CommitPlan::note_skipped() {
  const LeafRange skipped{last_leaf_before_ + 1, terms_.skipped_to};
  if (batch_->Count() == 0 || skipped.first > skipped.last) {
    return std::nullopt;
  }
  batch_->Put(database_.meta(), skipped_key(skipped), "");
  return skipped;
}

void CommitPlan::look_up(std::span<const CommitRequest> requests) {
  std::vector<std::string> keys;
  for (const CommitRequest& request : requests) {
    for (const AcceptedEvent& offered : request.events) {
      std::string key = key_of(offered);
      if (newest_.try_emplace(key).second) {
        keys.push_back(std::move(key));
      }
    }
  }
  const std::vector<std::optional<std::string>> values = database_.get_ids(keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::optional<NewestVersion> newest = values[i] ? newest_version_from(*values[i]) : std::nullopt;
    if (newest && is_remembered(newest->leaf)) {
      newest_[keys[i]] = newest;
    }
  }
}

std::vector<Disposition> CommitPlan::decide_request(const CommitRequest& request) {
  if (request.atomicity == Atomicity::kWhole && !fits_whole(request)) {
    return std::vector<Disposition>(request.events.size(), Disposition::kBusy);
  }
  std::vector<Disposition> answers;
  answers.reserve(request.events.size());
  for (const AcceptedEvent& offered : request.events) {
    answers.push_back(decide_event(offered, request.arrival));
  }
  return answers;
}

bool CommitPlan::fits_whole(const CommitRequest& request) const {
  Room room = room_;
  for (const AcceptedEvent& offered : request.events) {
    if (classify(key_of(offered), offered) == Disposition::kDuplicate) {
      continue;
    }
    if (!room.takes(role_of(offered), bytes_of(offered))) {
      return false;
    }
    room.take(bytes_of(offered));
  }
  return true;
}

Disposition CommitPlan::decide_event(const AcceptedEvent& offered, const Arrival& arrival) {
  const std::string key = key_of(offered);
  const Disposition kind = classify(key, offered);
  if (kind == Disposition::kDuplicate) {
    return kind;
  }
  if (!room_.takes(role_of(offered), bytes_of(offered))) {
    return Disposition::kBusy;
  }
  accept(key, offered, arrival);
  return kind;
}

Disposition CommitPlan::classify(const std::string& key, const AcceptedEvent& offered) const {
  const std::optional<NewestVersion>& newest = newest_.at(key);
  if (!newest) {
    // A letter outlives the memory of ids.
    return letters_.holds(database_, offered, terms_.holes) ? Disposition::kDuplicate : Disposition::kStored;
  }
  if (newest->content_hash == offered.content_hash) {
    return Disposition::kDuplicate;
  }
  const std::string displaced = displaced_id_key(key, offered.content_hash);
  if (displaced_.contains(displaced)) {
    return Disposition::kDuplicate;
  }
  const std::optional<std::string> older = database_.get_id(displaced);
  const std::optional<std::uint64_t> leaf = older ? leaf_of_id_value(*older) : std::nullopt;
  return leaf && is_remembered(*leaf) ? Disposition::kDuplicate : Disposition::kConflict;
}

bool CommitPlan::is_remembered(std::uint64_t leaf) const {
  return leaf >= terms_.first_kept && beyond_holes(terms_.holes, leaf) == leaf;
}

/// Gives the version its place in the tree.
void CommitPlan::put_leaf(Version& version) {
  const std::uint64_t number = version.leaf_index;
  version.epoch_id = terms_.tree->epoch_id();
  version.leaf_index = terms_.tree->index();
  version.ledger = LedgerPlace{terms_.tree->take_tenant_seq(version.event.tenant_id), terms_.keys->draw()};
  const Digest hash = leaf_hash(event_leaf(version));
  hashes_.add(number, hash);
  terms_.tree->append(hash);
}

void CommitPlan::accept(const std::string& key, const AcceptedEvent& offered, const Arrival& arrival) {
  const std::uint64_t leaf = ++terms_.last_leaf;
  Version version{.event = offered.event,
                  .content_hash = offered.content_hash,
                  .received_at = terms_.received_at,
                  .effective_at = std::min(offered.event.occurred_at, terms_.received_at),
                  .agent = terms_.agent,
                  .epoch_id = terms_.epoch_id,
                  .leaf_index = leaf,
                  .arrival = arrival};
  if (terms_.tree != nullptr) {
    put_leaf(version);
  }
  batch_->Put(database_.events(), event_key(leaf), encode_version(version, offered.canonical));
  std::optional<NewestVersion>& newest = newest_.at(key);
  if (newest) {
    const std::string displaced = displaced_id_key(key, newest->content_hash);
    batch_->Put(database_.ids(), displaced, number_value(newest->leaf));
    displaced_.insert(displaced);
  }
  newest = NewestVersion{leaf, offered.content_hash};
  batch_->Put(database_.ids(), key, newest_version_value(*newest));
  room_.take(bytes_of(offered));
}

}  // namespace twinlog
