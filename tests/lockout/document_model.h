// A model of the document store and of the agents that write to it: no transactions, every step visible to the others
// at once, agents that die between any two steps, some of them for good, and others that take over what those left.
// Merging and dropping marks are the functions that the plugin calls.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "ledger/lockout/marked_merge.h"
#include "tests/lockout/histories.h"
#include "tests/lockout/plain_fold.h"

namespace twinlog::testing {

/// What the agents leave out, to show that the test would notice.
enum class Fault : std::uint8_t {
  kNone,
  kRecountTakesWhatIsVisible,  ///< Counts rows above the marks too: their owners count them again.
  kCountsWhatItInserted,       ///< Merges what this try inserted, whatever the marks say: a crash loses the rest.
  kIgnoresMarks,               ///< Merges all of its own rows again after a crash.
  kNeverAdopts,                ///< Leaves to the dead what is theirs.
  kReplaysByMarks,             ///< Takes a dead letter that is in the store for counted where the mark is above it.
  kReplaysUnlisted,            ///< Says nowhere which dead letters it is about to write.
};

class DocumentModel {
 public:
  struct Account {
    std::string bytes;
    std::uint64_t version = 0;
  };
  /// Inserts where the key is absent. What stands there afterwards.
  const Version& insert_record(const Version& version);
  const Version& insert_conflict(const Version& version);
  const Version* find_record(const Version& version) const;
  Account account(const AccountKey& key) const;
  /// False when another writer was faster. Version 0: the account is absent.
  bool replace_account(const AccountKey& key, std::uint64_t expected_version, const std::string& bytes);
  /// Records and conflicts.
  std::vector<const Version*> rows() const;
  std::map<PlainKey, ShownAccount> accounts() const;

  /// An epoch's line.
  struct Line {
    EpochLine leaves;
    bool is_unfinished = false;
    std::uint64_t listed = 0;
    std::vector<EventKey> flushing;
    std::uint64_t replay = 0;  ///< Which time dead letters are offered again; 0 where none are.
    std::vector<EventKey> replaying;
    bool is_flush_running = false;
    bool is_flush_unaware = false;  ///< It began before an adoption that was announced meanwhile.
  };
  Line& line(const Uuid& epoch_id) { return lines_[epoch_id]; }
  std::vector<Uuid> unfinished() const;

 private:
  std::map<EventKey, Version> records_;
  std::map<std::tuple<std::string, std::string, Digest>, Version> conflicts_;
  std::map<AccountKey, Account> accounts_;
  std::map<Uuid, Line> lines_;
};

/// What happened in a run.
struct Incidents {
  std::uint64_t deaths = 0;
  std::uint64_t rewinds = 0;
  std::uint64_t lost_races = 0;
  std::uint64_t recounts = 0;
  std::uint64_t losses = 0;     ///< Agents that never came back.
  std::uint64_t adoptions = 0;  ///< ... of versions that were written without their accounts, or still to be.
  std::uint64_t refusals = 0;
  std::uint64_t replays = 0;      ///< Of dead letters, begun.
  std::uint64_t settlements = 0;  ///< ... of which some did not end and their own agent counted what they left.
  std::uint64_t temptations = 0;  ///< Recounts that saw failures which their owners had not applied yet.
};

/// One agent: takes the versions of its spool in leaf order through the flush of the document store, a step at a time.
/// The store refuses some of them; they become dead letters, which it offers again.
class ModelAgent {
 public:
  /// `spool` must carry the agent's epoch and rising leaf indexes.
  ModelAgent(std::vector<Version> spool, DocumentModel& store, Choices& choices, Fault fault);
  bool is_done() const { return is_lost_ || (cursor_ == spool_.size() && stage_ == Stage::kCut && letters_.empty()); }
  void step(Incidents& incidents);
  /// Everything but the cursor is lost; now and then that goes back too, as when the store was found to have forgotten.
  void die(Incidents& incidents);
  /// With its spool.
  void die_for_good(Incidents& incidents);
  /// Begins to take over what another epoch, dead or slow, has not finished. Only between two batches.
  bool can_adopt(const Uuid& epoch_id) const {
    return !is_lost_ && stage_ == Stage::kCut && (spool_.empty() || spool_.front().epoch_id != epoch_id);
  }
  void adopt(const Uuid& epoch_id, Incidents& incidents);

 private:
  enum class Stage : std::uint8_t { kCut, kRecords, kConflicts, kRead, kCount, kReplace, kEnd };
  enum class Work : std::uint8_t { kFlush, kReplay, kSettle, kAdopt };

  void begin(Incidents& incidents);
  void begin_batch();
  void begin_replay(Incidents& incidents);
  void send(std::vector<const Version*> versions);
  /// Of the epoch's rows with these keys those above `after` up to `last`.
  void take_rows(const std::vector<EventKey>& keys, std::uint64_t after, std::uint64_t last);
  void take_replayed();
  void insert_next_record(Incidents& incidents);
  bool is_refused(const Version& version) const;
  void insert_next_conflict();
  void note_ours(const Version& sent, const Version& stored, bool is_inserted);
  void begin_accounts();
  void end_flush_of_own();
  void end();
  void end_batch(DocumentModel::Line& line);
  void end_adoption(DocumentModel::Line& line);
  void read_account(Incidents& incidents);
  void count_failures(Incidents& incidents);
  void replace_account(Incidents& incidents);
  void next_account_or_end();

  std::vector<Version> spool_;
  DocumentModel& store_;
  Choices& choices_;
  Fault fault_;

  // In the spool, therefore durable:
  std::size_t cursor_ = 0;
  std::set<std::uint64_t> letters_;
  std::set<std::uint64_t> refused_;  ///< By the store, until they are replayed.
  Stage stage_ = Stage::kCut;
  Work work_ = Work::kFlush;
  std::size_t batch_end_ = 0;
  std::size_t next_ = 0;
  std::vector<const Version*> to_records_;  ///< In whatever order the server takes them.
  std::vector<const Version*> to_conflicts_;
  std::set<std::uint64_t> new_letters_;
  std::vector<OwnVersion> ours_;
  MarkedWriter writer_;         ///< Of our epoch, or of the one that is adopted.
  std::vector<Version> found_;  ///< What ours_ points to where it was read from the store.
  std::uint64_t adopted_replay_ = 0;
  bool is_second_adoption_ = false;  ///< Long after the first one: no flush that does not know of that runs any more.
  bool is_lost_ = false;
  std::map<AccountKey, std::vector<OwnVersion>> todo_;
  AccountState state_;
  std::uint64_t read_version_ = 0;
};

}  // namespace twinlog::testing
