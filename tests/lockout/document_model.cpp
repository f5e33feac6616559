#include "tests/lockout/document_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

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

std::vector<Uuid> DocumentModel::unfinished() const {
  std::vector<Uuid> epochs;
  for (const auto& [epoch_id, line] : lines_) {
    if (line.is_unfinished) {
      epochs.push_back(epoch_id);
    }
  }
  return epochs;
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
    case Stage::kEnd:
      return end();
  }
}

void ModelAgent::die(Incidents& incidents) {
  ++incidents.deaths;
  end_flush_of_own();
  stage_ = Stage::kCut;
  is_adopting_ = false;
  if (cursor_ > 0 && choices_.percent(30)) {
    ++incidents.rewinds;
    cursor_ -= 1 + choices_.below(cursor_);
  }
}

void ModelAgent::die_for_good(Incidents& incidents) {
  ++incidents.losses;
  end_flush_of_own();
  is_lost_ = true;
}

void ModelAgent::end_flush_of_own() {
  DocumentModel::Line& line = store_.line(spool_.front().epoch_id);
  line.is_flush_running = false;
  line.is_flush_unaware = false;
}

void ModelAgent::begin_batch() {
  batch_end_ = cursor_ + 1 + choices_.below(std::min<std::size_t>(spool_.size() - cursor_, 6));
  next_ = 0;
  to_records_.clear();
  to_conflicts_.clear();
  ours_.clear();
  for (std::size_t i = cursor_; i < batch_end_; ++i) {
    to_records_.push_back(&spool_[i]);
  }
  std::ranges::shuffle(to_records_, choices_.generator());
  DocumentModel::Line& line = store_.line(spool_.front().epoch_id);
  const std::uint64_t last = spool_[batch_end_ - 1].leaf_index;
  if (!line.is_unfinished || line.listed <= last) {
    line.flushing.clear();
    for (std::size_t i = cursor_; i < batch_end_; ++i) {
      line.flushing.emplace_back(EventKey{spool_[i].event.tenant_id, spool_[i].event.log_id});
    }
    line.listed = last;
    line.is_unfinished = true;
  }
  line.is_flush_running = true;
  line.is_flush_unaware = false;
  writer_ = {.epoch_id = spool_.front().epoch_id, .line = line.leaves};
  stage_ = Stage::kRecords;
}

void ModelAgent::adopt(const Uuid& epoch_id, Incidents& incidents) {
  ++incidents.adoptions;
  DocumentModel::Line& line = store_.line(epoch_id);
  writer_ = {.epoch_id = epoch_id, .line = line.leaves};
  is_second_adoption_ = line.leaves.adopting >= line.listed;
  line.is_flush_unaware = line.is_flush_unaware || (line.is_flush_running && !is_second_adoption_);
  writer_.line.adopting = std::max(line.leaves.adopting, line.listed);
  line.leaves.adopting = writer_.line.adopting;
  adopted_.clear();
  for (const Version* row : store_.rows()) {
    const EventKey key{row->event.tenant_id, row->event.log_id};
    const bool is_listed = std::find(line.flushing.begin(), line.flushing.end(), key) != line.flushing.end();
    if (is_listed && row->epoch_id == epoch_id && row->leaf_index > line.leaves.delivered &&
        row->leaf_index <= line.listed) {
      adopted_.push_back(*row);
    }
  }
  std::ranges::sort(adopted_, {}, &Version::leaf_index);
  ours_.clear();
  for (const Version& version : adopted_) {
    ours_.push_back({.version = &version, .is_inserted_now = false});
  }
  is_adopting_ = true;
  begin_accounts();
}

void ModelAgent::note_ours(const Version& sent, const Version& stored, bool is_inserted) {
  const bool is_ours = stored.epoch_id == sent.epoch_id && stored.leaf_index == sent.leaf_index;
  if (fault_ == Fault::kCountsWhatItInserted ? is_inserted : is_ours) {
    ours_.push_back({.version = &sent, .is_inserted_now = is_inserted});
  }
}

void ModelAgent::insert_next_record() {
  const Version& sent = *to_records_[next_++];
  const std::size_t rows_before = store_.rows().size();
  const Version& stored = store_.insert_record(sent);
  if (stored.content_hash == sent.content_hash) {
    note_ours(sent, stored, store_.rows().size() > rows_before);
  } else {
    to_conflicts_.push_back(&sent);
  }
  if (next_ == to_records_.size()) {
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
  begin_accounts();
}

void ModelAgent::begin_accounts() {
  todo_.clear();
  std::ranges::sort(ours_, {}, [](const OwnVersion& own) { return own.version->leaf_index; });
  for (const OwnVersion& own : ours_) {
    for (const std::string& account : accounts_of(own.version->event)) {
      todo_[{own.version->event.tenant_id, account}].push_back(own);
    }
  }
  next_account_or_end();
}

void ModelAgent::next_account_or_end() {
  stage_ = todo_.empty() ? Stage::kEnd : Stage::kRead;
}

void ModelAgent::end() {
  DocumentModel::Line& line = store_.line(writer_.epoch_id);
  stage_ = Stage::kCut;
  if (std::exchange(is_adopting_, false)) {
    const bool is_as_read = line.leaves.delivered == writer_.line.delivered && line.listed == writer_.line.adopting;
    if (is_second_adoption_ && is_as_read && line.is_unfinished && !line.is_flush_unaware) {
      line.leaves.adopted = std::max(line.leaves.adopted, line.listed);
      line.is_unfinished = false;
    }
    return;
  }
  end_flush_of_own();
  const std::uint64_t last = spool_[batch_end_ - 1].leaf_index;
  line.leaves.delivered = std::max(line.leaves.delivered, last);
  line.is_unfinished = line.is_unfinished && last < line.listed;
  cursor_ = batch_end_;
}

void ModelAgent::read_account(Incidents& incidents) {
  const auto& [key, ours] = *todo_.begin();
  const DocumentModel::Account account = store_.account(key);
  read_version_ = account.version;
  state_ = *decode_account_state(account.bytes);
  if (fault_ == Fault::kIgnoresMarks) {
    state_.marks.erase(writer_.epoch_id);
  }
  const bool exists = account.version > 0 && fault_ != Fault::kIgnoresMarks;
  const MarkedMerge done = merge_marked(state_, exists, ours, writer_);
  if (done == MarkedMerge::kNothing) {
    todo_.erase(todo_.begin());
    return next_account_or_end();
  }
  incidents.recounts += done == MarkedMerge::kRecount ? 1 : 0;
  stage_ = done == MarkedMerge::kRecount ? Stage::kCount : Stage::kReplace;
}

void ModelAgent::count_failures(Incidents& incidents) {
  const AccountKey& key = todo_.begin()->first;
  std::uint64_t applied = 0;
  std::uint64_t visible = 0;
  for (const Version* row : store_.rows()) {
    const bool is_of_account = row->event.tenant_id == key.tenant_id && row->event.account == key.account;
    const bool is_behind = !state_.attempts || row->effective_at > state_.attempts->position.effective_at;
    if (!is_of_account || !is_behind || !is_undefined_failure(row->event)) {
      continue;
    }
    ++visible;
    const auto mark = state_.marks.find(row->epoch_id);
    const std::uint64_t bound =
        mark != state_.marks.end() ? mark->second.leaf_index : store_.line(row->epoch_id).leaves.applied();
    applied += row->leaf_index <= bound ? 1 : 0;
  }
  incidents.temptations += visible > applied ? 1 : 0;
  state_.failures_after = fault_ == Fault::kRecountTakesWhatIsVisible ? visible : applied;
  stage_ = Stage::kReplace;
}

void ModelAgent::replace_account(Incidents& incidents) {
  if (choices_.percent(50)) {
    drop_redundant_marks(state_, writer_.epoch_id,
                         [this](const Uuid& epoch_id) { return store_.line(epoch_id).leaves.applied(); });
  }
  if (!store_.replace_account(todo_.begin()->first, read_version_, encode_account_state(state_))) {
    ++incidents.lost_races;
    stage_ = Stage::kRead;
    return;
  }
  todo_.erase(todo_.begin());
  next_account_or_end();
}

}  // namespace twinlog::testing
