// A leaf of the ledger, byte for byte as ledger/FORMAT.md has it. Pure.
//
// What is encoded here can be parsed, and parses to the same. Parsing takes nothing else: every size is exact, tags
// ascend, and what one leaf alone can break of the rules is an error (an OPEN that is not the first, for one).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"
#include "ledger/base/result.h"
#include "ledger/record/auth_event.h"

namespace twinlog {

inline constexpr std::size_t kMostLeafBytes = 65'535;
inline constexpr std::size_t kMostWitnesses = 16;
inline constexpr std::size_t kMostDeclarationBytes = 64;  ///< Of a request and of a policy.

enum class LeafType : std::uint8_t {
  kEvent = 1,
  kOpen = 3,
  kHeartbeat = 4,
  kErase = 8,
  kPrune = 9,
  kGap = 10,
  kClose = 11,
};
std::string_view leaf_type_text(LeafType type);  ///< "EVENT", "OPEN", ...

/// What every leaf begins with.
struct LeafHeader {
  Uuid epoch_id{};
  std::uint64_t index = 0;
  UtcMicros accept_at = 0;
  bool operator==(const LeafHeader&) const = default;
};

/// Leaves of one epoch, both ends included.
struct EpochRange {
  Uuid epoch_id{};
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the compiler's own code for ours
  auto operator<=>(const EpochRange&) const = default;
};

/// A tree that was seen and checked.
struct Witness {
  Uuid epoch_id{};
  std::uint64_t size = 0;
  Digest root{};
  bool operator==(const Witness&) const = default;
};

/// An accepted version, record or conflict.
struct EventLeaf {
  std::uint64_t tenant_seq = 0;
  Arrival arrival;
  Digest content_root{};
  bool operator==(const EventLeaf&) const = default;
};

enum class OpenReason : std::uint8_t { kFirst = 1, kRollOver = 2, kRestart = 3, kStoreAhead = 4, kClock = 5 };

/// How the epoch before ended.
struct PreviousTree {
  std::uint64_t size = 0;
  Digest root{};
  bool operator==(const PreviousTree&) const = default;
};

struct OpenLeaf {
  std::string origin;
  std::string verifier_key;                   ///< Its text.
  std::optional<Uuid> previous;               ///< Epoch of the same spool before this one ...
  std::optional<PreviousTree> previous_tree;  ///< ... and its tree, where its hashes were whole.
  OpenReason reason = OpenReason::kFirst;
  std::string agent;  ///< Canonical JSON {agent, node, pod, version}.
  std::vector<Witness> witnesses;
  UtcMicros due = 0;  ///< By then the next checkpoint is in the stores.
  bool operator==(const OpenLeaf&) const = default;
};

/// What HEARTBEAT and CLOSE tell of the epoch below them.
struct EpochTally {
  std::uint64_t previous_checkpoint = 0;  ///< Size.
  std::uint64_t accepted = 0;             ///< EVENT leaves below.
  std::uint64_t duplicate = 0, conflict = 0, rejected = 0, busy = 0;
  std::uint64_t confirmed_postgres = 0;  ///< Leaves of this epoch that the store has confirmed; 0: off.
  std::uint64_t confirmed_mongodb = 0;
  std::uint64_t boottime_micros = 0;  ///< CLOCK_BOOTTIME since OPEN.
  bool operator==(const EpochTally&) const = default;
};

struct HeartbeatLeaf {
  std::vector<Witness> witnesses;
  EpochTally tally;
  UtcMicros due = 0;
  bool operator==(const HeartbeatLeaf&) const = default;
};

enum class CloseReason : std::uint8_t { kStop = 1, kRollOver = 2, kStoreAhead = 4, kClock = 5 };

struct CloseLeaf {
  CloseReason reason = CloseReason::kStop;
  EpochTally tally;
  bool operator==(const CloseLeaf&) const = default;
};

enum class GapReason : std::uint8_t { kDamagedSpool = 1, kRefusedByStore = 2 };
enum class GapStore : std::uint8_t { kPostgres = 1, kMongodb = 2 };

struct GapLeaf {
  std::vector<EpochRange> ranges;  ///< At least one.
  GapReason reason = GapReason::kDamagedSpool;
  std::optional<GapStore> store;    ///< Nothing: both.
  std::optional<std::string> code;  ///< The store's own.
  bool operator==(const GapLeaf&) const = default;
};

struct EraseLeaf {
  std::string fields;  ///< Field numbers, a byte each, ascending.
  std::optional<std::string> request;
  std::vector<EpochRange> ranges;  ///< At least one.
  bool operator==(const EraseLeaf&) const = default;
};

struct PruneLeaf {
  std::vector<EpochRange> ranges;
  std::optional<std::string> policy;
  std::vector<Witness> epochs;  ///< Pruned as a whole.
  bool operator==(const PruneLeaf&) const = default;
};

using LeafContent = std::variant<EventLeaf, OpenLeaf, HeartbeatLeaf, EraseLeaf, PruneLeaf, GapLeaf, CloseLeaf>;

struct Leaf {
  LeafHeader header;
  LeafContent content;
  bool operator==(const Leaf&) const = default;
};

LeafType type_of(const LeafContent& content);

/// Its bytes, of at most kMostLeafBytes: the caller keeps lists within that (most_ranges_of_leaf()).
std::string encode_leaf(const LeafHeader& header, const LeafContent& content);
/// How many ranges one ERASE, PRUNE or GAP leaf has room for, whatever else it says.
std::size_t most_ranges_of_leaf();

/// kInvalid, in words that name the tag and no value. Unknown tags of 80 and above are passed over.
Result<Leaf> parse_leaf(std::string_view bytes);

}  // namespace twinlog
