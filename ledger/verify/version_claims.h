// What stores hold of one event (records, conflicts, further acceptances) and of one account, as records of sorted
// files: all of one event, or of one account, lie together, by store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/lockout/account_state.h"
#include "ledger/record/auth_event.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/leaf_claims.h"

namespace twinlog {

/// The epoch number of a row from before the ledger.
inline constexpr std::uint32_t kNoEpoch = 0xFFFFFFFF;

/// 16 bytes of SHA-256 over both parts.
std::string pair_digest(std::string_view first, std::string_view second);

struct EventClaim {
  StoreSide store = StoreSide::kPostgres;
  std::string key_digest;
  RowClaim::Kind kind = RowClaim::Kind::kRecord;
  LeafSpot spot;
  bool has_conflict = false;
  bool is_erased = false;
  std::string tenant_id;
  std::string log_id;
  std::string content;  ///< Canonical; only where a further acceptance of this event is known. Of an erased one, too.
  // Of a further acceptance.
  std::optional<RecordKey> record_key;
  std::string salts;
  Digest content_root{};
};
std::string event_claim_record(const EventClaim& claim);
EventClaim read_event_claim(std::string_view record);
/// Bytes at the front of the record that all claims of one event in one store share.
inline constexpr std::size_t kEventGroupBytes = 17;

/// A version as far as it matters to accounts.
struct AccountClaim {
  StoreSide store = StoreSide::kPostgres;
  LeafSpot spot;
  bool is_erased = false;
  Version version;  ///< Only what the lockout mirror reads.
};
/// In the order of positions, behind the shown account.
std::string account_claim_record(const std::string& account_digest, const AccountClaim& claim);
AccountClaim read_account_claim(std::string_view record);

struct AccountRowClaim {
  std::string tenant_id;
  ShownAccount account;
  std::string state;
  std::string faults;
};
std::string account_row_record(StoreSide store, const std::string& account_digest, const AccountRowClaim& row);
AccountRowClaim read_account_row(std::string_view record);
bool is_account_row(std::string_view record);
inline constexpr std::size_t kAccountGroupBytes = 17;

}  // namespace twinlog
