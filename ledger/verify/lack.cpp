#include "ledger/verify/lack.h"

#include "ledger/verify/record_parts.h"

namespace twinlog {
namespace {

constexpr std::uint64_t kSignBit = 1ULL << 63U;
constexpr std::size_t kDigestBytes = 16;

std::uint8_t rank_of(Lack::Kind kind) {
  return kind == Lack::Kind::kVersion ? 0 : static_cast<std::uint8_t>(static_cast<std::uint8_t>(kind) - 1U);
}

}  // namespace

std::string_view lack_kind_text(Lack::Kind kind) {
  switch (kind) {
    case Lack::Kind::kVersion:
      return "event";
    case Lack::Kind::kOwnLeaf:
      return "leaf of the agent";
    case Lack::Kind::kTile:
      return "tile";
    case Lack::Kind::kBeginning:
      return "beginning of the epoch";
    default:
      return "checkpoint";
  }
}

std::string lack_record(const Lack& lack) {
  std::string out;
  put_u8(out, static_cast<std::uint8_t>(lack.store));
  put_u64(out, static_cast<std::uint64_t>(lack.begun_at) ^ kSignBit);
  out.append(as_text(lack.epoch_id));
  put_u8(out, rank_of(lack.kind));
  put_u64(out, lack.index);
  put_u8(out, static_cast<std::uint8_t>(lack.kind));
  put_u8(out, static_cast<std::uint8_t>((lack.is_unproved ? 1U : 0U) | (lack.is_further ? 2U : 0U)));
  out.append(as_text(lack.hash));
  put_long_text(out, lack.tenant_id);
  put_long_text(out, lack.log_id);
  put_long_text(out, lack.bytes);
  put_i64(out, lack.first_at);
  put_i64(out, lack.last_at);
  return out;
}

Lack read_lack(std::string_view record) {
  ByteReader bytes(record);
  Lack lack;
  lack.store = static_cast<StoreSide>(bytes.u8());
  lack.begun_at = static_cast<UtcMicros>(bytes.u64() ^ kSignBit);
  lack.epoch_id = array_from<16>(bytes.bytes(16)).value_or(Uuid{});
  bytes.u8();
  lack.index = bytes.u64();
  lack.kind = static_cast<Lack::Kind>(bytes.u8());
  const std::uint8_t flags = bytes.u8();
  lack.is_unproved = (flags & 1U) != 0;
  lack.is_further = (flags & 2U) != 0;
  lack.hash = array_from<32>(bytes.bytes(32)).value_or(Digest{});
  lack.tenant_id = take_long_text(bytes);
  lack.log_id = take_long_text(bytes);
  lack.bytes = take_long_text(bytes);
  lack.first_at = bytes.i64();
  lack.last_at = bytes.i64();
  return lack;
}

std::string account_lack_record(const AccountLack& lack) {
  std::string out = lack.account_digest;
  put_u8(out, static_cast<std::uint8_t>(lack.store));
  put_u8(out, static_cast<std::uint8_t>((lack.is_held ? 1U : 0U) | (lack.is_partly_gone ? 2U : 0U)));
  put_long_text(out, lack.tenant_id);
  put_long_text(out, lack.log_id);
  put_long_text(out, lack.held);
  put_long_text(out, lack.state);
  return out;
}

AccountLack read_account_lack(std::string_view record) {
  ByteReader bytes(record);
  AccountLack lack;
  lack.account_digest = bytes.bytes(kDigestBytes);
  lack.store = static_cast<StoreSide>(bytes.u8());
  const std::uint8_t flags = bytes.u8();
  lack.is_held = (flags & 1U) != 0;
  lack.is_partly_gone = (flags & 2U) != 0;
  lack.tenant_id = take_long_text(bytes);
  lack.log_id = take_long_text(bytes);
  lack.held = take_long_text(bytes);
  lack.state = take_long_text(bytes);
  return lack;
}

}  // namespace twinlog
