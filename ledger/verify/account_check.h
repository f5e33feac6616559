// Of every account in every store: that what is shown and the state behind it are the fold of the versions that the
// store holds. Of leaves that the store has not confirmed any first part may be in.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/lockout/account_state.h"
#include "ledger/verify/epoch_register.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/gone_events.h"
#include "ledger/verify/sorted_file.h"
#include "ledger/verify/verify_watch.h"
#include "ledger/verify/version_claims.h"

namespace twinlog {

/// States that one account may have; where there are more it is not judged until they are fewer: counted where agents
/// that live have the events on their way, PENDING otherwise.
inline constexpr std::size_t kMostPossibleStates = 1024;

class AccountCheck {
 public:
  struct Parts {
    EpochRegister& book;
    FindingLog& log;
    std::optional<UtcMicros> pruned_until;                    ///< No leaf that was pruned is of a later time.
    std::array<const ErasedVersions*, kStoreSides> erased{};  ///< Of each store whose accounts are among the files.
    UtcMicros now = 0;
    VerifyWatch* watch = nullptr;
  };
  explicit AccountCheck(Parts parts) : parts_(parts) {}
  Status run(const std::vector<const SortedFile*>& files);

  std::uint64_t unjudged = 0;

 private:
  /// Leaves [begin, end) of an epoch, in which the first leaf that is not in the account lies.
  struct Cut {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  struct Possible {
    AccountState state;
    std::map<std::uint32_t, Cut> cuts;
    bool is_begun = false;  ///< It holds a version.
  };
  void begin(std::string_view record);
  void take(const AccountClaim& claim);
  void note_for_watch(const AccountClaim& claim);
  void split(std::vector<Possible>& out, const Possible& one, const AccountClaim& claim) const;
  Status end();
  Status differ(const std::string& words);
  bool is_explained(const AccountRowClaim& row) const;
  bool is_beyond_judging(const AccountRowClaim& row) const;
  enum class Membership : std::uint8_t { kIn, kOpen, kOut };
  Membership membership(const AccountClaim& claim);
  void tell_too_many();
  void tell(Verdict verdict, const std::string& words);

  Parts parts_;
  StoreSide store_ = StoreSide::kPostgres;
  std::optional<AccountRowClaim> row_;
  std::vector<Possible> possible_;
  bool has_too_many_ = false;
  bool is_all_alive_ = true;  ///< The epochs of events that may be in the account or not.
  std::string tenant_id_;
  std::string log_id_;
  std::string digest_;
  // Kept for the watch alone.
  std::map<std::uint32_t, std::uint64_t> newest_;
  bool is_sound_ = true;
};

}  // namespace twinlog
