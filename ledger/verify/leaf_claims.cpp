#include "ledger/verify/leaf_claims.h"

#include <algorithm>

#include "ledger/verify/record_parts.h"

namespace twinlog {
namespace {

enum class ClaimKind : std::uint8_t { kRoot, kDeclaration, kTile, kRow };
constexpr std::uint8_t kBothStores = 2;
constexpr std::size_t kSpotBytes = 8;

void put_spot(std::string& out, LeafSpot spot, ClaimKind kind) {
  put_u32(out, spot.epoch);
  put_u32(out, static_cast<std::uint32_t>(spot.index));
  put_u8(out, static_cast<std::uint8_t>(kind));
}

std::uint8_t store_byte(std::optional<StoreSide> store) {
  return store ? static_cast<std::uint8_t>(*store) : kBothStores;
}

std::optional<StoreSide> store_of(std::uint8_t byte) {
  return byte == kBothStores ? std::nullopt : std::optional(static_cast<StoreSide>(byte));
}

void put_time(std::string& out, const std::optional<UtcMicros>& time) {
  put_u8(out, time ? 1 : 0);
  put_i64(out, time.value_or(0));
}

std::optional<UtcMicros> take_time(ByteReader& bytes) {
  const bool is_there = bytes.u8() == 1;
  const UtcMicros time = bytes.i64();
  return is_there ? std::optional(time) : std::nullopt;
}

Digest take_digest(ByteReader& bytes) {
  return array_from<32>(bytes.bytes(32)).value_or(Digest{});
}

RootClaim take_root(ByteReader& bytes) {
  RootClaim claim;
  claim.root = take_digest(bytes);
  claim.source = static_cast<RootClaim::Source>(bytes.u8());
  claim.store = store_of(bytes.u8());
  claim.accepted_at = bytes.i64();
  claim.told_by = bytes.u32();
  return claim;
}

Declaration take_declaration(ByteReader& bytes) {
  Declaration claim;
  claim.kind = static_cast<Declaration::Kind>(bytes.u8());
  claim.store = store_of(bytes.u8());
  claim.last = bytes.u64();
  claim.fields = bytes.u32();
  claim.accept_at = bytes.i64();
  claim.is_proven = bytes.u8() == 1;
  return claim;
}

TileClaim take_tile(ByteReader& bytes) {
  TileClaim claim;
  claim.store = static_cast<StoreSide>(bytes.u8());
  claim.hash = take_digest(bytes);
  claim.first_at = take_time(bytes);
  claim.last_at = take_time(bytes);
  return claim;
}

RowClaim take_row(ByteReader& bytes) {
  RowClaim claim;
  claim.store = static_cast<StoreSide>(bytes.u8());
  claim.kind = static_cast<RowClaim::Kind>(bytes.u8());
  const std::uint8_t flags = bytes.u8();
  claim.has_hash = (flags & 1U) != 0;
  claim.is_erased = (flags & 2U) != 0;
  claim.is_bare = (flags & 4U) != 0;
  claim.hash = take_digest(bytes);
  claim.accept_at = bytes.i64();
  claim.tenant_seq = bytes.u64();
  claim.present = bytes.u32();
  claim.erased = bytes.u32();
  claim.tenant_id = take_long_text(bytes);
  claim.log_id = take_long_text(bytes);
  claim.faults = take_long_text(bytes);
  claim.leaf = take_long_text(bytes);
  return claim;
}

bool is_claimed_elsewhere(const LeafGroup& group, const RowClaim& row) {
  return std::any_of(group.tiles.begin(), group.tiles.end(),
                     [&row](const TileClaim& tile) { return tile.hash == row.hash; }) ||
         std::any_of(group.rows.begin(), group.rows.end(), [&row](const RowClaim& other) {
           return other.has_hash && other.store != row.store && other.hash == row.hash;
         });
}

}  // namespace

std::string_view row_kind_text(RowClaim::Kind kind) {
  switch (kind) {
    case RowClaim::Kind::kRecord:
      return "record";
    case RowClaim::Kind::kConflict:
      return "conflict";
    case RowClaim::Kind::kOwn:
      return "leaf of the agent";
    default:
      return "further acceptance";
  }
}

void put_claim(std::string& out, LeafSpot spot, const RootClaim& claim) {
  put_spot(out, spot, ClaimKind::kRoot);
  out.append(as_text(claim.root));
  put_u8(out, static_cast<std::uint8_t>(claim.source));
  put_u8(out, store_byte(claim.store));
  put_i64(out, claim.accepted_at);
  put_u32(out, claim.told_by);
}

void put_claim(std::string& out, LeafSpot spot, const Declaration& claim) {
  put_spot(out, spot, ClaimKind::kDeclaration);
  put_u8(out, static_cast<std::uint8_t>(claim.kind));
  put_u8(out, store_byte(claim.store));
  put_u64(out, claim.last);
  put_u32(out, claim.fields);
  put_i64(out, claim.accept_at);
  put_u8(out, claim.is_proven ? 1 : 0);
}

void put_claim(std::string& out, LeafSpot spot, const TileClaim& claim) {
  put_spot(out, spot, ClaimKind::kTile);
  put_u8(out, static_cast<std::uint8_t>(claim.store));
  out.append(as_text(claim.hash));
  put_time(out, claim.first_at);
  put_time(out, claim.last_at);
}

void put_claim(std::string& out, LeafSpot spot, const RowClaim& claim) {
  put_spot(out, spot, ClaimKind::kRow);
  put_u8(out, static_cast<std::uint8_t>(claim.store));
  put_u8(out, static_cast<std::uint8_t>(claim.kind));
  put_u8(out, static_cast<std::uint8_t>((claim.has_hash ? 1U : 0U) | (claim.is_erased ? 2U : 0U) |
                                        (claim.is_bare ? 4U : 0U)));
  out.append(as_text(claim.hash));
  put_i64(out, claim.accept_at);
  put_u64(out, claim.tenant_seq);
  put_u32(out, claim.present);
  put_u32(out, claim.erased);
  put_long_text(out, claim.tenant_id);
  put_long_text(out, claim.log_id);
  put_long_text(out, claim.faults);
  put_long_text(out, claim.leaf);
}

SourceHashes source_hashes(const LeafGroup& group) {
  SourceHashes hashes;
  for (const TileClaim& tile : group.tiles) {
    auto& place = hashes.at(static_cast<std::size_t>(tile.store));
    if (!place) {
      place = tile.hash;
    }
  }
  for (const RowClaim& row : group.rows) {
    auto& place = hashes.at(kStoreSides + static_cast<std::size_t>(row.store));
    if (row.has_hash && (!place || is_claimed_elsewhere(group, row))) {
      place = row.hash;
    }
  }
  return hashes;
}

std::vector<Digest> claimed_hashes(const LeafGroup& group) {
  std::vector<Digest> hashes;
  const auto add = [&hashes](const Digest& hash) {
    if (std::find(hashes.begin(), hashes.end(), hash) == hashes.end()) {
      hashes.push_back(hash);
    }
  };
  for (const TileClaim& tile : group.tiles) {
    add(tile.hash);
  }
  for (const RowClaim& row : group.rows) {
    if (row.has_hash) {
      add(row.hash);
    }
  }
  return hashes;
}

void LeafWalk::take_claim(std::string_view claim, LeafGroup& group) {
  ByteReader bytes(claim);
  switch (static_cast<ClaimKind>(bytes.u8())) {
    case ClaimKind::kRoot:
      group.roots.push_back(take_root(bytes));
      break;
    case ClaimKind::kDeclaration: {
      const Declaration said = take_declaration(bytes);
      if (said.is_proven || std::ranges::count(group.declarations, false, &Declaration::is_proven) <
                                static_cast<std::ptrdiff_t>(kMostUnprovenOfPlace)) {
        group.declarations.push_back(said);
      }
      break;
    }
    case ClaimKind::kTile: {
      const TileClaim tile = take_tile(bytes);
      if (std::ranges::count(group.tiles, tile.store, &TileClaim::store) <
          static_cast<std::ptrdiff_t>(kMostTilesOfPlace)) {
        group.tiles.push_back(tile);
      } else {
        ++group.surplus_tiles.at(static_cast<std::size_t>(tile.store));
      }
      break;
    }
    case ClaimKind::kRow:
      if (group.rows.size() < kMostRowsOfPlace) {
        group.rows.push_back(take_row(bytes));
      } else {
        ++group.surplus_rows;
      }
      break;
  }
}

bool LeafWalk::next(LeafGroup& group) {
  if (record_ == nullptr) {
    return false;
  }
  group.roots.clear();
  group.declarations.clear();
  group.tiles.clear();
  group.rows.clear();
  group.surplus_rows = 0;
  group.surplus_tiles = {};
  const std::string spot(record_->substr(0, kSpotBytes));
  ByteReader place(spot);
  group.spot.epoch = place.u32();
  group.spot.index = place.u32();
  while (record_ != nullptr && record_->substr(0, kSpotBytes) == spot) {
    take_claim(record_->substr(kSpotBytes), group);
    record_ = reader_.next();
  }
  return true;
}

}  // namespace twinlog
