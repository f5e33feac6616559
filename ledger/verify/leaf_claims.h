// What stores claim about one leaf, as records of a sorted file, and the walk that brings all claims about one leaf
// together. Epochs by their number in the EpochRegister.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/sorted_file.h"

namespace twinlog {

/// A root that somebody signed or saw.
struct RootClaim {
  enum class Source : std::uint8_t { kCheckpoint, kArchive, kRetirement, kPrevious, kWitness };
  Digest root{};
  Source source = Source::kCheckpoint;
  std::optional<StoreSide> store;  ///< That holds the note.
  UtcMicros accepted_at = 0;       ///< As the store says.
  std::uint32_t told_by = 0;       ///< The epoch whose leaf tells it.
  bool is_signed() const { return source <= Source::kRetirement; }
};

/// What a leaf of an agent says about a range of leaves, at the first of them.
struct Declaration {
  enum class Kind : std::uint8_t { kDamaged, kRefused, kPruned, kErased };
  Kind kind = Kind::kDamaged;
  std::optional<StoreSide> store;  ///< Nothing: both.
  std::uint64_t last = 0;
  std::uint32_t fields = 0;  ///< Of an erasure: a bit for each field number.
  UtcMicros accept_at = 0;
  bool is_proven = false;  ///< Otherwise no root covers the leaf that says it yet.
};

struct TileClaim {
  StoreSide store = StoreSide::kPostgres;
  Digest hash{};
  std::optional<UtcMicros> first_at;  ///< Of the first leaf of a tile, as the tile says.
  std::optional<UtcMicros> last_at;
};

struct RowClaim {
  enum class Kind : std::uint8_t { kRecord, kConflict, kOwn, kFurther };
  StoreSide store = StoreSide::kPostgres;
  Kind kind = Kind::kRecord;
  bool has_hash = false;  ///< A leaf could be made of it.
  bool is_erased = false;
  bool is_bare = false;  ///< A further acceptance with neither key nor salts: a repeat of what was erased.
  Digest hash{};
  UtcMicros accept_at = 0;
  std::uint64_t tenant_seq = 0;
  std::uint32_t present = 0;  ///< Fields that are there, a bit for each number.
  std::uint32_t erased = 0;   ///< Fields of which only the commitment is there.
  std::string tenant_id;
  std::string log_id;
  std::string faults;  ///< Words.
  std::string leaf;    ///< Of the agent's own: its bytes.
};
std::string_view row_kind_text(RowClaim::Kind kind);

/// A place in all trees.
struct LeafSpot {
  std::uint32_t epoch = 0;
  std::uint64_t index = 0;
};

void put_claim(std::string& out, LeafSpot spot, const RootClaim& claim);
void put_claim(std::string& out, LeafSpot spot, const Declaration& claim);
void put_claim(std::string& out, LeafSpot spot, const TileClaim& claim);
void put_claim(std::string& out, LeafSpot spot, const RowClaim& claim);

/// Rows, and claims by the tiles of each store, that one place may have before the rest is only counted: a store may
/// hold any number of forged ones.
inline constexpr std::size_t kMostRowsOfPlace = 64;
inline constexpr std::size_t kMostTilesOfPlace = 64;
/// Declarations that no root covers, of one place; further ones excuse nothing.
inline constexpr std::size_t kMostUnprovenOfPlace = 64;

/// All claims about one leaf; roots are those of the tree of the leaves below it.
struct LeafGroup {
  LeafSpot spot;
  std::vector<RootClaim> roots;
  std::vector<Declaration> declarations;
  std::vector<TileClaim> tiles;
  std::vector<RowClaim> rows;
  std::uint64_t surplus_rows = 0;                          ///< Beyond kMostRowsOfPlace.
  std::array<std::uint64_t, kStoreSides> surplus_tiles{};  ///< Beyond kMostTilesOfPlace.
};

/// What each source says the leaf's hash is: tiles of PostgreSQL, tiles of the document store, rows of each.
using SourceHashes = std::array<std::optional<Digest>, 4>;
SourceHashes source_hashes(const LeafGroup& group);
/// All hashes that are claimed, each once, in no order that means anything but the same each time.
std::vector<Digest> claimed_hashes(const LeafGroup& group);

/// Further acceptances that are bare, though the store had them whole before the first ERASE leaf that names them, by
/// place and store; with the time of that leaf.
using BareRepeats = std::map<std::tuple<std::uint32_t, std::uint64_t, StoreSide>, UtcMicros>;

class LeafWalk {
 public:
  explicit LeafWalk(const std::vector<const SortedFile*>& files) : reader_(files) { record_ = reader_.next(); }
  /// The next group by epoch number and index; false at the end.
  bool next(LeafGroup& group);
  const Status& status() const { return reader_.status(); }

 private:
  static void take_claim(std::string_view claim, LeafGroup& group);

  SortedReader reader_;
  const std::string_view* record_ = nullptr;
};

}  // namespace twinlog
