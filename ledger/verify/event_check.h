// Of every event in every store: that a record with conflicts says so, that of two versions of one epoch the first is
// the record, and that what was accepted again is there at all.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ledger/verify/epoch_register.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/leaf_claims.h"
#include "ledger/verify/sorted_file.h"
#include "ledger/verify/version_claims.h"

namespace twinlog {

/// Leaves that a store refused, as proven leaves say: by epoch number, then first index.
struct RefusedRange {
  std::optional<StoreSide> store;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
using RefusedRanges = std::map<std::uint32_t, std::vector<RefusedRange>>;

/// Leaves that ERASE leaves name, as proven leaves say: by epoch number.
struct ErasedRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  UtcMicros accept_at = 0;
};
using ErasedRanges = std::map<std::uint32_t, std::vector<ErasedRange>>;

class EventCheck {
 public:
  struct Parts {
    EpochRegister& book;
    FindingLog& log;
    const RefusedRanges& refused;
    const ErasedRanges& erased;
    const BareRepeats& bare;
  };
  explicit EventCheck(const Parts& parts)
      : book_(parts.book), log_(parts.log), refused_(parts.refused), erased_(parts.erased), bare_(parts.bare) {}
  Status run(const std::vector<const SortedFile*>& files);

 private:
  void check_event(const std::vector<EventClaim>& claims);
  void check_conflicts(const EventClaim& record, const std::vector<EventClaim>& claims);
  void check_order(const EventClaim& record, const EventClaim& conflict);
  void check_surplus(const std::vector<EventClaim>& held, const EventClaim& claim);
  void check_further(const EventClaim& further, const std::vector<EventClaim>& claims);
  void check_bare(const EventClaim& further, const std::vector<EventClaim>& claims);
  bool was_erased_before(const EventClaim& claim, UtcMicros time) const;
  void tell(Verdict verdict, const EventClaim& claim, const std::string& words);
  bool is_refused(const EventClaim& claim) const;
  bool is_confirmed(const EventClaim& claim);

  EpochRegister& book_;
  FindingLog& log_;
  const RefusedRanges& refused_;
  const ErasedRanges& erased_;
  const BareRepeats& bare_;
  bool is_surplus_told_ = false;  ///< For the event that is read.
};

}  // namespace twinlog
