#include "spool/commit_plan.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <optional>

#include "ledger/record/canonical.h"

namespace twinlog {
namespace {

/// What a version takes in the database beside its content and its key: header, hash, framing of two entries.
constexpr std::uint64_t kVersionOverheadBytes = 256;

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

CommitPlan::CommitPlan(CommitTerms terms, Room room, const Database& database)
    : terms_(std::move(terms)), room_(room), database_(database), batch_(std::make_unique<rocksdb::WriteBatch>()) {}

CommitPlan::~CommitPlan() = default;

Result<std::vector<std::vector<Disposition>>> CommitPlan::decide(std::span<const CommitRequest> requests) {
  const Status looked_up = look_up(requests);
  if (!looked_up) {
    return looked_up.error();
  }
  std::vector<std::vector<Disposition>> answers;
  answers.reserve(requests.size());
  for (const CommitRequest& request : requests) {
    Result<std::vector<Disposition>> answer = decide_request(request);
    if (!answer) {
      return answer.error();
    }
    answers.push_back(std::move(*answer));
  }
  return answers;
}

Status CommitPlan::look_up(std::span<const CommitRequest> requests) {
  std::vector<std::string> keys;
  for (const CommitRequest& request : requests) {
    for (const AcceptedEvent& offered : request.events) {
      std::string key = key_of(offered);
      if (newest_.try_emplace(key).second) {
        keys.push_back(std::move(key));
      }
    }
  }
  const Result<std::vector<std::optional<std::string>>> values = database_.get_ids(keys);
  if (!values) {
    return values.error();
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!(*values)[i]) {
      continue;
    }
    const std::optional<NewestVersion> newest = newest_version_from(*(*values)[i]);
    if (!newest) {
      return Error(ErrorKind::kCorrupt, "an id in the spool leads to bytes that are no version; check the disk");
    }
    if (newest->leaf >= terms_.first_kept) {
      newest_[keys[i]] = newest;
    }
  }
  return {};
}

Result<std::vector<Disposition>> CommitPlan::decide_request(const CommitRequest& request) {
  if (request.atomicity == Atomicity::kWhole) {
    const Result<bool> fits = fits_whole(request);
    if (!fits) {
      return fits.error();
    }
    if (!*fits) {
      return std::vector<Disposition>(request.events.size(), Disposition::kBusy);
    }
  }
  std::vector<Disposition> answers;
  answers.reserve(request.events.size());
  for (const AcceptedEvent& offered : request.events) {
    const Result<Disposition> answer = decide_event(offered);
    if (!answer) {
      return answer.error();
    }
    answers.push_back(*answer);
  }
  return answers;
}

Result<bool> CommitPlan::fits_whole(const CommitRequest& request) {
  Room room = room_;
  for (const AcceptedEvent& offered : request.events) {
    Result<Disposition> kind = classify(key_of(offered), offered);
    if (!kind) {
      return kind.error();
    }
    if (*kind == Disposition::kDuplicate) {
      continue;
    }
    if (!room.takes(role_of(offered), bytes_of(offered))) {
      return false;
    }
    room.take(bytes_of(offered));
  }
  return true;
}

Result<Disposition> CommitPlan::decide_event(const AcceptedEvent& offered) {
  const std::string key = key_of(offered);
  Result<Disposition> kind = classify(key, offered);
  if (!kind || *kind == Disposition::kDuplicate) {
    return kind;
  }
  if (!room_.takes(role_of(offered), bytes_of(offered))) {
    return Disposition::kBusy;
  }
  accept(key, offered);
  return kind;
}

Result<Disposition> CommitPlan::classify(const std::string& key, const AcceptedEvent& offered) {
  const std::optional<NewestVersion>& newest = newest_.at(key);
  if (!newest) {
    return Disposition::kStored;
  }
  if (newest->content_hash == offered.content_hash) {
    return Disposition::kDuplicate;
  }
  const std::string displaced = displaced_id_key(key, offered.content_hash);
  if (displaced_.contains(displaced)) {
    return Disposition::kDuplicate;
  }
  const Result<std::optional<std::string>> older = database_.get_id(displaced);
  if (!older) {
    return older.error();
  }
  const std::optional<std::uint64_t> leaf = older->has_value() ? leaf_of_id_value(**older) : std::nullopt;
  return leaf && *leaf >= terms_.first_kept ? Disposition::kDuplicate : Disposition::kConflict;
}

void CommitPlan::accept(const std::string& key, const AcceptedEvent& offered) {
  const std::uint64_t leaf = ++terms_.last_leaf;
  const Version version{.event = offered.event,
                        .content_hash = offered.content_hash,
                        .received_at = terms_.received_at,
                        .effective_at = std::min(offered.event.occurred_at, terms_.received_at),
                        .agent = terms_.agent,
                        .epoch_id = terms_.epoch_id,
                        .leaf_index = leaf};
  // The door of the ledger: the leaf over `version` is made here, and put into this same batch.
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
