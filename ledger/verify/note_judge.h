// Whose word counts: beginnings of epochs, checkpoints and retirements against the keys that the caller trusts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/leaf/leaf.h"
#include "ledger/note/archive.h"
#include "ledger/note/checkpoint.h"
#include "ledger/note/retirement.h"
#include "ledger/note/trust_file.h"
#include "ledger/note/verifier_key.h"
#include "ledger/verify/epoch_register.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/leaf_claims.h"
#include "ledger/verify/papers.h"
#include "ledger/verify/sorted_file.h"
#include "plugins/api/ledger_reader.h"

namespace twinlog {

/// add_*() everything, then judge(). One thread.
class NoteJudge {
 public:
  struct Parts {
    EpochRegister& book;
    FindingLog& log;
    const std::optional<TrustFile>& trust;  ///< Nothing: no trust file was given.
    const Archive& archive;
    SortSettings sorting;
    std::optional<UtcMicros> since;
  };
  explicit NoteJudge(Parts parts) : parts_(std::move(parts)), papers_(parts_.sorting), roots_(parts_.sorting) {}

  Status add_checkpoint(StoreSide store, const LedgerCheckpointRow& row);
  Status add_epoch(StoreSide store, const LedgerEpochRow& row);
  /// Tells what is wrong with any of them; fills in what the notes say of epochs.
  Status judge();
  /// The roots that count, as claims for the walk over leaves.
  const SortedFile& roots() const { return roots_; }
  /// Each OPEN leaf that a store holds: to the sink, by store.
  using OpeningSink = std::function<Status(StoreSide, std::uint32_t epoch, std::string_view open)>;
  void tell_openings(OpeningSink sink) { openings_ = std::move(sink); }

 private:
  struct Beginning {
    SignedCheckpoint note;
    Leaf open;
    Digest open_hash{};
    VerifierKey key;
    bool is_trusted = false;
  };
  Status judge_epoch(const Uuid& id, const std::vector<Paper>& papers);
  void judge_lost(std::uint32_t number, const std::vector<Paper>& papers);
  void judge_beginnings(std::uint32_t number, const std::vector<Paper>& papers);
  std::optional<Beginning> read_beginning(const EpochFacts& facts, const Paper& paper, std::string_view note);
  void accept(EpochFacts& facts, const Beginning& beginning);
  void mark_skipped(const Beginning& beginning);
  Status add_archived(const SignedCheckpoint& checkpoint);
  bool is_retired_by_trusted(const SignedRetirement& retired) const;
  Status judge_note(std::uint32_t number, const Paper& paper);
  Status judge_retirement(std::uint32_t number, const Paper& paper);
  Status add_root(std::uint32_t number, std::uint64_t size, const RootClaim& claim);
  void tell(Verdict verdict, const EpochFacts& facts, const Paper* paper, const std::string& words);

  Parts parts_;
  SortedFile papers_;
  SortedFile roots_;
  OpeningSink openings_;
  std::string checked_note_;  ///< The last one that was checked, and what came of it.
  bool is_checked_note_good_ = false;
  std::optional<std::uint32_t> unheld_;  ///< The epoch of which only an archive that proves nothing spoke so far.
};

}  // namespace twinlog
