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

const Version* DocumentModel::find_record(const Version& version) const {
  const auto found = records_.find({version.event.tenant_id, version.event.log_id});
  return found == records_.end() ? nullptr : &found->second;
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

namespace {

constexpr unsigned kRefusedPercent = 15;

std::vector<EventKey> keys_of(const std::vector<const Version*>& versions) {
  std::vector<EventKey> keys;
  keys.reserve(versions.size());
  for (const Version* version : versions) {
    keys.emplace_back(EventKey{version->event.tenant_id, version->event.log_id});
  }
  return keys;
}

}  // namespace

ModelAgent::ModelAgent(std::vector<Version> spool, DocumentModel& store, Choices& choices, Fault fault)
    : spool_(std::move(spool)), store_(store), choices_(choices), fault_(fault) {
  for (const Version& version : spool_) {
    if (choices_.percent(kRefusedPercent)) {
      refused_.insert(version.leaf_index);
    }
  }
}

void ModelAgent::step(Incidents& incidents) {
  switch (stage_) {
    case Stage::kCut:
      return begin(incidents);
    case Stage::kRecords:
      return insert_next_record(incidents);
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

void ModelAgent::begin(Incidents& incidents) {
  DocumentModel::Line& line = store_.line(spool_.front().epoch_id);
  line.is_flush_running = true;
  line.is_flush_unaware = false;
  writer_ = {.epoch_id = spool_.front().epoch_id, .line = line.leaves};
  if (line.replay > 0) {
    ++incidents.settlements;
    work_ = Work::kSettle;
    return take_replayed();
  }
  if (!letters_.empty() && (cursor_ == spool_.size() || choices_.percent(20))) {
    return begin_replay(incidents);
  }
  begin_batch();
}

void ModelAgent::begin_batch() {
  work_ = Work::kFlush;
  batch_end_ = cursor_ + 1 + choices_.below(std::min<std::size_t>(spool_.size() - cursor_, 6));
  std::vector<const Version*> versions;
  for (std::size_t i = cursor_; i < batch_end_; ++i) {
    if (!letters_.contains(spool_[i].leaf_index)) {
      versions.push_back(&spool_[i]);
    }
  }
  DocumentModel::Line& line = store_.line(writer_.epoch_id);
  const std::uint64_t last = spool_[batch_end_ - 1].leaf_index;
  if (!line.is_unfinished || line.listed <= last) {
    line.flushing = keys_of(versions);
    line.listed = last;
    line.is_unfinished = true;
  }
  send(std::move(versions));
}

void ModelAgent::begin_replay(Incidents& incidents) {
  ++incidents.replays;
  work_ = Work::kReplay;
  writer_.is_replay = fault_ != Fault::kReplaysByMarks;
  std::vector<const Version*> versions;
  for (const Version& version : spool_) {
    if (letters_.contains(version.leaf_index) && (versions.empty() || choices_.percent(50))) {
      versions.push_back(&version);
      refused_.erase(version.leaf_index);
    }
  }
  DocumentModel::Line& line = store_.line(writer_.epoch_id);
  if (fault_ != Fault::kReplaysUnlisted) {
    line.replay = incidents.replays;
    line.replaying = keys_of(versions);
    line.listed = line.is_unfinished ? line.listed : line.leaves.delivered;
    line.is_unfinished = true;
  }
  send(std::move(versions));
}

void ModelAgent::send(std::vector<const Version*> versions) {
  next_ = 0;
  to_conflicts_.clear();
  new_letters_.clear();
  ours_.clear();
  to_records_ = std::move(versions);
  std::ranges::shuffle(to_records_, choices_.generator());
  stage_ = Stage::kRecords;
}

void ModelAgent::take_rows(const std::vector<EventKey>& keys, std::uint64_t after, std::uint64_t last) {
  found_.clear();
  for (const Version* row : store_.rows()) {
    const EventKey key{row->event.tenant_id, row->event.log_id};
    const bool is_listed = std::find(keys.begin(), keys.end(), key) != keys.end();
    if (is_listed && row->epoch_id == writer_.epoch_id && row->leaf_index > after && row->leaf_index <= last) {
      found_.push_back(*row);
    }
  }
  std::ranges::sort(found_, {}, &Version::leaf_index);
  ours_.clear();
  for (const Version& version : found_) {
    ours_.push_back({.version = &version, .is_inserted_now = false});
  }
  begin_accounts();
}

void ModelAgent::take_replayed() {
  writer_.is_replay = fault_ != Fault::kReplaysByMarks;
  take_rows(store_.line(writer_.epoch_id).replaying, 0, writer_.line.delivered);
}

void ModelAgent::adopt(const Uuid& epoch_id, Incidents& incidents) {
  ++incidents.adoptions;
  work_ = Work::kAdopt;
  DocumentModel::Line& line = store_.line(epoch_id);
  writer_ = {.epoch_id = epoch_id, .line = line.leaves};
  adopted_replay_ = line.replay;
  is_second_adoption_ = line.leaves.adopting >= line.listed;
  line.is_flush_unaware = line.is_flush_unaware || (line.is_flush_running && !is_second_adoption_);
  writer_.line.adopting = std::max(line.leaves.adopting, line.listed);
  line.leaves.adopting = writer_.line.adopting;
  take_rows(line.flushing, line.leaves.delivered, line.listed);
}

void ModelAgent::note_ours(const Version& sent, const Version& stored, bool is_inserted) {
  const bool is_ours = stored.epoch_id == sent.epoch_id && stored.leaf_index == sent.leaf_index;
  if (fault_ == Fault::kCountsWhatItInserted ? is_inserted : is_ours) {
    ours_.push_back({.version = &sent, .is_inserted_now = is_inserted});
  }
}

/// What is there already was taken, whatever the store says now.
bool ModelAgent::is_refused(const Version& version) const {
  const Version* stored = store_.find_record(version);
  return refused_.contains(version.leaf_index) && (stored == nullptr || stored->content_hash != version.content_hash);
}

void ModelAgent::insert_next_record(Incidents& incidents) {
  if (next_ == to_records_.size()) {
    next_ = 0;
    stage_ = Stage::kConflicts;
    return;
  }
  const Version& sent = *to_records_[next_++];
  if (is_refused(sent)) {
    ++incidents.refusals;
    new_letters_.insert(sent.leaf_index);
    return;
  }
  const std::size_t rows_before = store_.rows().size();
  const Version& stored = store_.insert_record(sent);
  if (stored.content_hash == sent.content_hash) {
    note_ours(sent, stored, store_.rows().size() > rows_before);
  } else {
    to_conflicts_.push_back(&sent);
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
  const bool has_replay_to_adopt = work_ == Work::kAdopt && adopted_replay_ > 0 && !writer_.is_replay;
  if (todo_.empty() && has_replay_to_adopt && fault_ != Fault::kReplaysByMarks) {
    return take_replayed();
  }
  stage_ = todo_.empty() ? Stage::kEnd : Stage::kRead;
}

void ModelAgent::end() {
  DocumentModel::Line& line = store_.line(writer_.epoch_id);
  stage_ = Stage::kCut;
  if (work_ == Work::kAdopt) {
    return end_adoption(line);
  }
  end_flush_of_own();
  if (work_ == Work::kFlush) {
    return end_batch(line);
  }
  line.replay = 0;
  line.is_unfinished = line.is_unfinished && line.listed > line.leaves.delivered;
  for (const Version* version : work_ == Work::kReplay ? to_records_ : std::vector<const Version*>()) {
    letters_.erase(version->leaf_index);
  }
}

void ModelAgent::end_batch(DocumentModel::Line& line) {
  const std::uint64_t last = spool_[batch_end_ - 1].leaf_index;
  line.leaves.delivered = std::max(line.leaves.delivered, last);
  line.is_unfinished = line.is_unfinished && last < line.listed;
  cursor_ = batch_end_;
  letters_.insert(new_letters_.begin(), new_letters_.end());
}

void ModelAgent::end_adoption(DocumentModel::Line& line) {
  const bool is_as_read = line.leaves.delivered == writer_.line.delivered && line.listed == writer_.line.adopting &&
                          line.replay == adopted_replay_;
  if (is_second_adoption_ && is_as_read && line.is_unfinished && !line.is_flush_unaware) {
    line.leaves.adopted = std::max(line.leaves.adopted, line.listed);
    line.is_unfinished = false;
    line.replay = 0;
  }
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
