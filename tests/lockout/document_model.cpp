#include "tests/lockout/document_model.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace twinlog::testing {

const Version& DocumentModel::insert_record(const Version& version) {
  return records_.try_emplace({version.event.tenant_id, version.event.log_id}, version).first->second;
}

const Version& DocumentModel::insert_conflict(const Version& version) {
  return conflicts_.try_emplace({version.event.tenant_id, version.event.log_id, version.content_hash}, version)
      .first->second;
}

DocumentModel::Account DocumentModel::account(const AccountKey& key) const {
  const auto found = accounts_.find(key);
  return found == accounts_.end() ? Account{encode_account_state(AccountState{}), 0} : found->second;
}

bool DocumentModel::replace_account(const AccountKey& key, std::uint64_t expected_version, const std::string& bytes) {
  if (account(key).version != expected_version) {
    return false;
  }
  accounts_[key] = {bytes, expected_version + 1};
  return true;
}

std::vector<const Version*> DocumentModel::rows() const {
  std::vector<const Version*> rows;
  for (const auto& [key, version] : records_) {
    rows.push_back(&version);
  }
  for (const auto& [key, version] : conflicts_) {
    rows.push_back(&version);
  }
  return rows;
}

std::map<PlainKey, ShownAccount> DocumentModel::accounts() const {
  std::map<PlainKey, ShownAccount> all;
  for (const auto& [key, account] : accounts_) {
    const Result<AccountState> state = decode_account_state(account.bytes);
    EXPECT_TRUE(state.has_value());
    all[{key.tenant_id, key.account}] = shown(*state);
  }
  return all;
}

ModelAgent::ModelAgent(std::vector<Version> spool, DocumentModel& store, Choices& choices, Fault fault)
    : spool_(std::move(spool)), store_(store), choices_(choices), fault_(fault) {}

void ModelAgent::step(Incidents& incidents) {
  switch (stage_) {
    case Stage::kCut:
      return begin_batch();
    case Stage::kRecords:
      return insert_next_record();
    case Stage::kConflicts:
      return insert_next_conflict();
    case Stage::kRead:
      return read_account(incidents);
    case Stage::kCount:
      return count_failures(incidents);
    case Stage::kReplace:
      return replace_account(incidents);
  }
}

void ModelAgent::die(Incidents& incidents) {
  ++incidents.deaths;
  stage_ = Stage::kCut;
  if (cursor_ > 0 && choices_.percent(30)) {
    ++incidents.rewinds;
    cursor_ -= 1 + choices_.below(cursor_);
  }
}

void ModelAgent::begin_batch() {
  batch_end_ = cursor_ + 1 + choices_.below(std::min<std::size_t>(spool_.size() - cursor_, 6));
  next_ = cursor_;
  to_conflicts_.clear();
  ours_.clear();
  stage_ = Stage::kRecords;
}

void ModelAgent::note_ours(const Version& sent, const Version& stored, bool is_inserted) {
  const bool is_ours = stored.epoch_id == sent.epoch_id && stored.leaf_index == sent.leaf_index;
  if (fault_ == Fault::kCountsWhatItInserted ? is_inserted : is_ours) {
    ours_.push_back(&sent);
  }
}

void ModelAgent::insert_next_record() {
  const Version& sent = spool_[next_++];
  const std::size_t rows_before = store_.rows().size();
  const Version& stored = store_.insert_record(sent);
  if (stored.content_hash == sent.content_hash) {
    note_ours(sent, stored, store_.rows().size() > rows_before);
  } else {
    to_conflicts_.push_back(&sent);
  }
  if (next_ == batch_end_) {
    next_ = 0;
    stage_ = Stage::kConflicts;
  }
}

void ModelAgent::insert_next_conflict() {
  if (next_ < to_conflicts_.size()) {
    const Version& sent = *to_conflicts_[next_++];
    const std::size_t rows_before = store_.rows().size();
    const Version& stored = store_.insert_conflict(sent);
    return note_ours(sent, stored, store_.rows().size() > rows_before);
  }
  todo_ = by_account(ours_);
  next_account_or_end();
}

void ModelAgent::next_account_or_end() {
  stage_ = Stage::kRead;
  if (todo_.empty()) {
    cursor_ = batch_end_;
    stage_ = Stage::kCut;
  }
}

void ModelAgent::read_account(Incidents& incidents) {
  const auto& [key, ours] = *todo_.begin();
  const DocumentModel::Account account = store_.account(key);
  read_version_ = account.version;
  state_ = *decode_account_state(account.bytes);
  AccountState::Mark& mark = state_.marks[spool_.front().epoch_id];
  std::vector<const Version*> above_mark;
  for (const Version* version : ours) {
    if (version->leaf_index > mark.leaf_index || fault_ == Fault::kIgnoresMarks) {
      above_mark.push_back(version);
    }
  }
  if (above_mark.empty()) {
    todo_.erase(todo_.begin());
    return next_account_or_end();
  }
  mark = {std::max(mark.leaf_index, spool_[batch_end_ - 1].leaf_index), static_cast<UtcMicros>(cursor_)};
  const bool must_count = merge(state_, above_mark) == Recount::kNeeded;
  if (must_count) {
    ++incidents.recounts;
  }
  stage_ = must_count ? Stage::kCount : Stage::kReplace;
}

void ModelAgent::count_failures(Incidents& incidents) {
  const AccountKey& key = todo_.begin()->first;
  std::uint64_t applied = 0;
  std::uint64_t visible = 0;
  for (const Version* row : store_.rows()) {
    const bool is_of_account = row->event.tenant_id == key.tenant_id && row->event.account == key.account;
    const bool is_behind = row->effective_at > state_.attempts->position.effective_at;
    if (!is_of_account || !is_behind || !is_undefined_failure(row->event)) {
      continue;
    }
    ++visible;
    const auto mark = state_.marks.find(row->epoch_id);
    if (mark != state_.marks.end() && row->leaf_index <= mark->second.leaf_index) {
      ++applied;
    }
  }
  if (visible > applied) {
    ++incidents.temptations;
  }
  state_.failures_after = fault_ == Fault::kRecountTakesWhatIsVisible ? visible : applied;
  stage_ = Stage::kReplace;
}

void ModelAgent::replace_account(Incidents& incidents) {
  if (!store_.replace_account(todo_.begin()->first, read_version_, encode_account_state(state_))) {
    ++incidents.lost_races;
    stage_ = Stage::kRead;
    return;
  }
  todo_.erase(todo_.begin());
  next_account_or_end();
}

}  // namespace twinlog::testing
