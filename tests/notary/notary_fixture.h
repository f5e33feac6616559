// A notary on a real spool, with clocks that move when they are told to.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/notary/notary.h"
#include "ledger/note/checkpoint.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {

/// The wall clock leaps apart from the other one.
class LeapingWallClock final : public Clock {
 public:
  explicit LeapingWallClock(const VirtualClock& clock) : clock_(clock) {}
  UtcMicros utc_now() const override { return clock_.utc_now() + leap_.count(); }
  std::chrono::steady_clock::time_point steady_now() const override { return clock_.steady_now(); }
  void leap(std::chrono::microseconds by) { leap_ += by; }

 private:
  const VirtualClock& clock_;
  std::chrono::microseconds leap_{0};
};

/// What the spool gives out of one epoch.
struct GivenTree {
  SpoolEpoch epoch;
  std::optional<EpochBeginning> beginning;
  std::vector<Digest> hashes;         ///< From index 0, without a hole.
  std::map<std::uint64_t, Leaf> own;  ///< By index.
  std::vector<LedgerCheckpoint> notes;
  bool is_closed = false;

  std::vector<LeafType> own_types() const;
  template <typename Content>
  const Content& content(std::uint64_t index) const {
    return std::get<Content>(own.at(index).content);
  }
};

class NotaryTest : public FaultySpoolTest {
 protected:
  NotaryTest();

  /// Opens the spool and begins an epoch.
  void start();
  void stop() { notary_.reset(); }
  /// As the committing thread does it.
  std::vector<Disposition> commit(const std::vector<AcceptedEvent>& events);
  /// Time passes, and the notary is stepped whenever it wants to be.
  void run_for(std::chrono::milliseconds time);
  /// All that the spool still keeps, oldest first. Every note is held against hashes and key.
  std::vector<GivenTree> trees();
  Notary& notary() { return *notary_; }

  NotarySettings notary_settings_;
  LeapingWallClock wall_{clock_};
  std::chrono::microseconds slept_{0};  ///< CLOCK_BOOTTIME goes on while a machine sleeps.
  AnswerCounts answers_;
  std::vector<Witness> witnesses_;
  KeptLog log_;
  std::unique_ptr<Notary> notary_;

 private:
  static void check_notes(const GivenTree& tree);
};

}  // namespace twinlog::testing
