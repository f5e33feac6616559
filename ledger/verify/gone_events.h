// Events that account states may rest on though no row shows them any more: pruned ones, and erased ones, which speak
// to nobody now.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "ledger/lockout/account_state.h"
#include "ledger/record/auth_event.h"

namespace twinlog {

/// The erased versions of one store, by tenant, log_id and time.
class ErasedVersions {
 public:
  void add(const Version& version);
  bool has(std::string_view tenant_id, std::string_view log_id, UtcMicros effective_at) const;
  /// Whether any of that time is there.
  bool has(std::string_view tenant_id, UtcMicros effective_at) const;
  bool is_empty() const { return digests_.empty(); }

 private:
  std::unordered_set<std::string> digests_;
};

/// What is gone of one tenant in one store.
struct GoneEvents {
  std::optional<UtcMicros> pruned_until;  ///< No pruned leaf is of a later time.
  const ErasedVersions& erased;
  std::string_view tenant_id;

  bool may_be(const Position& position) const;
  bool may_be_at(UtcMicros time) const;
  bool may_be_behind(UtcMicros time) const;
};

/// Whether `theirs`, what a row holds, can be the state of the versions that give `ours` and of some that are gone.
/// Each register and each time is ours, or that of a later event that is gone.
bool rests_on_what_is_gone(const AccountState& theirs, const AccountState& ours, const GoneEvents& gone);

}  // namespace twinlog
