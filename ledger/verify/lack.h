// What one store holds, provably, and the other lacks: as records of a sorted file, in the order in which it is put
// back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/version_claims.h"

namespace twinlog {

inline StoreSide other_than(StoreSide store) {
  return store == StoreSide::kPostgres ? StoreSide::kMongodb : StoreSide::kPostgres;
}

struct Lack {
  /// Rows and leaves come before what is signed over them.
  enum class Kind : std::uint8_t { kVersion, kOwnLeaf, kTile, kBeginning, kCheckpoint };
  StoreSide store = StoreSide::kPostgres;  ///< That lacks it; the other one has it.
  UtcMicros begun_at = 0;                  ///< The epoch, so that older epochs come first.
  Uuid epoch_id{};
  Kind kind = Kind::kVersion;
  std::uint64_t index = 0;   ///< Of the leaf, of the first one of a tile, or the size of a checkpoint's tree.
  bool is_unproved = false;  ///< No root covers it: both stores' other words agree on it, and that is all.
  Digest hash{};             ///< Of the leaf.
  bool is_further = false;   ///< The other store holds it as a further acceptance.
  std::string tenant_id;     ///< Of a version, as is log_id.
  std::string log_id;
  std::string bytes;       ///< The agent's own leaf; the hashes of a tile; a Paper as paper_record() writes it.
  UtcMicros first_at = 0;  ///< Of a tile.
  UtcMicros last_at = 0;
};
std::string_view lack_kind_text(Lack::Kind kind);
/// By store, age of the epoch, epoch and kind; versions and leaves of the agent's own together, by index.
std::string lack_record(const Lack& lack);
Lack read_lack(std::string_view record);

/// An account row to be made again from its events.
struct AccountLack {
  StoreSide store = StoreSide::kPostgres;
  std::string account_digest;
  std::string tenant_id;
  std::string log_id;
  bool is_held = false;  ///< There is a row, with these bytes as its fold_state.
  std::string held;
  std::string state;            ///< What the events that are there come to, with marks; "": that is not sure.
  bool is_partly_gone = false;  ///< It may rest on more than those.
};
/// By account, so that those of both stores lie together.
std::string account_lack_record(const AccountLack& lack);
AccountLack read_account_lack(std::string_view record);

}  // namespace twinlog
