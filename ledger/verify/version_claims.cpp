#include "ledger/verify/version_claims.h"

#include <array>

#include "ledger/verify/record_parts.h"

namespace twinlog {
namespace {

constexpr std::size_t kDigestBytes = 16;
constexpr std::uint8_t kRowKind = 0;
constexpr std::uint8_t kVersionKind = 1;
constexpr std::uint64_t kSignBit = 1ULL << 63U;

constexpr std::array<std::string_view, kEventRoles> kRoleNames = {"login_failed", "login_success", "lockout_reset",
                                                                  "account_locked", "other"};

template <typename T, typename Put>
void put_maybe(std::string& out, const std::optional<T>& value, Put put) {
  put_u8(out, value ? 1 : 0);
  if (value) {
    put(out, *value);
  }
}

template <typename Take>
auto take_maybe(ByteReader& bytes, Take take) -> std::optional<decltype(take(bytes))> {
  if (bytes.u8() == 0) {
    return std::nullopt;
  }
  return take(bytes);
}

UtcMicros take_time(ByteReader& bytes) {
  return bytes.i64();
}

/// So that signed numbers sort as bytes.
void put_sorted(std::string& out, std::int64_t value) {
  put_u64(out, static_cast<std::uint64_t>(value) ^ kSignBit);
}

std::int64_t take_sorted(ByteReader& bytes) {
  return static_cast<std::int64_t>(bytes.u64() ^ kSignBit);
}

void put_spot(std::string& out, LeafSpot spot) {
  put_u32(out, spot.epoch);
  put_u64(out, spot.index);
}

LeafSpot take_spot(ByteReader& bytes) {
  LeafSpot spot;
  spot.epoch = bytes.u32();
  spot.index = bytes.u64();
  return spot;
}

}  // namespace

std::string pair_digest(std::string_view first, std::string_view second) {
  std::string both;
  both.reserve(4 + first.size() + second.size());
  put_long_text(both, first);
  both.append(second);
  return std::string(as_text(sha256(both)).substr(0, kDigestBytes));
}

std::string event_claim_record(const EventClaim& claim) {
  std::string out;
  put_u8(out, static_cast<std::uint8_t>(claim.store));
  out.append(claim.key_digest);
  put_u8(out, static_cast<std::uint8_t>(claim.kind));
  put_spot(out, claim.spot);
  put_u8(out, static_cast<std::uint8_t>((claim.has_conflict ? 1U : 0U) | (claim.is_erased ? 2U : 0U) |
                                        (claim.record_key ? 4U : 0U)));
  put_long_text(out, claim.tenant_id);
  put_long_text(out, claim.log_id);
  put_long_text(out, claim.content);
  if (claim.kind == RowClaim::Kind::kFurther) {
    out.append(as_text(claim.record_key.value_or(RecordKey{})));
    put_long_text(out, claim.salts);
    out.append(as_text(claim.content_root));
  }
  return out;
}

EventClaim read_event_claim(std::string_view record) {
  ByteReader bytes(record);
  EventClaim claim;
  claim.store = static_cast<StoreSide>(bytes.u8());
  claim.key_digest = bytes.bytes(kDigestBytes);
  claim.kind = static_cast<RowClaim::Kind>(bytes.u8());
  claim.spot = take_spot(bytes);
  const std::uint8_t flags = bytes.u8();
  claim.has_conflict = (flags & 1U) != 0;
  claim.is_erased = (flags & 2U) != 0;
  claim.tenant_id = take_long_text(bytes);
  claim.log_id = take_long_text(bytes);
  claim.content = take_long_text(bytes);
  if (claim.kind == RowClaim::Kind::kFurther) {
    const auto key = array_from<16>(bytes.bytes(16));
    claim.record_key = (flags & 4U) != 0 ? key : std::nullopt;
    claim.salts = take_long_text(bytes);
    claim.content_root = array_from<32>(bytes.bytes(32)).value_or(Digest{});
  }
  return claim;
}

std::string account_claim_record(const std::string& account_digest, const AccountClaim& claim) {
  const Version& version = claim.version;
  const AuthEvent& event = version.event;
  const EventRole role = event_role(event.event_type);
  std::string out;
  put_u8(out, static_cast<std::uint8_t>(claim.store));
  out.append(account_digest);
  put_u8(out, kVersionKind);
  put_sorted(out, version.effective_at);
  put_u8(out, static_cast<std::uint8_t>(role));
  put_sorted(out, event.failed_login_attempts.value_or(-1));
  put_long_text(out, event.log_id);
  out.append(as_text(version.content_hash));
  put_spot(out, claim.spot);
  put_u8(out, claim.is_erased ? 1 : 0);
  put_long_text(out, event.tenant_id);
  put_maybe(out, event.account_locked_until, put_i64);
  put_maybe(out, event.lock_kind, [](std::string& to, LockKind kind) { put_u8(to, static_cast<std::uint8_t>(kind)); });
  put_maybe(out, event.lock_reason, [](std::string& to, const std::string& text) { put_long_text(to, text); });
  put_maybe(out, event.organisation_id, [](std::string& to, const std::string& text) { put_long_text(to, text); });
  return out;
}

AccountClaim read_account_claim(std::string_view record) {
  ByteReader bytes(record);
  AccountClaim claim;
  claim.store = static_cast<StoreSide>(bytes.u8());
  bytes.bytes(kDigestBytes + 1);
  Version& version = claim.version;
  AuthEvent& event = version.event;
  version.effective_at = take_sorted(bytes);
  event.event_type = kRoleNames.at(bytes.u8() % kEventRoles);
  if (const std::int64_t stated = take_sorted(bytes); stated >= 0) {
    event.failed_login_attempts = static_cast<std::int32_t>(stated);
  }
  event.log_id = take_long_text(bytes);
  version.content_hash = array_from<32>(bytes.bytes(32)).value_or(Digest{});
  claim.spot = take_spot(bytes);
  claim.is_erased = bytes.u8() == 1;
  event.tenant_id = take_long_text(bytes);
  event.account_locked_until = take_maybe(bytes, take_time);
  event.lock_kind = take_maybe(bytes, [](ByteReader& from) { return static_cast<LockKind>(from.u8()); });
  event.lock_reason = take_maybe(bytes, take_long_text);
  event.organisation_id = take_maybe(bytes, take_long_text);
  return claim;
}

std::string account_row_record(StoreSide store, const std::string& account_digest, const AccountRowClaim& row) {
  const ShownAccount& account = row.account;
  std::string out;
  put_u8(out, static_cast<std::uint8_t>(store));
  out.append(account_digest);
  put_u8(out, kRowKind);
  put_long_text(out, row.tenant_id);
  put_u32(out, static_cast<std::uint32_t>(account.failed_login_attempts));
  put_maybe(out, account.account_locked_until, put_i64);
  put_u8(out, static_cast<std::uint8_t>(account.lock_kind));
  put_maybe(out, account.lock_reason, [](std::string& to, const std::string& text) { put_long_text(to, text); });
  put_maybe(out, account.last_failed_at, put_i64);
  put_maybe(out, account.last_success_at, put_i64);
  put_maybe(out, account.last_locked_at, put_i64);
  put_maybe(out, account.last_reset_at, put_i64);
  put_maybe(out, account.organisation_id, [](std::string& to, const std::string& text) { put_long_text(to, text); });
  put_long_text(out, account.log_id);
  put_i64(out, account.effective_at);
  put_long_text(out, row.state);
  put_long_text(out, row.faults);
  return out;
}

AccountRowClaim read_account_row(std::string_view record) {
  ByteReader bytes(record);
  bytes.bytes(1 + kDigestBytes + 1);
  AccountRowClaim row;
  ShownAccount& account = row.account;
  row.tenant_id = take_long_text(bytes);
  account.failed_login_attempts = static_cast<std::int32_t>(bytes.u32());
  account.account_locked_until = take_maybe(bytes, take_time);
  account.lock_kind = static_cast<LockKind>(bytes.u8());
  account.lock_reason = take_maybe(bytes, take_long_text);
  account.last_failed_at = take_maybe(bytes, take_time);
  account.last_success_at = take_maybe(bytes, take_time);
  account.last_locked_at = take_maybe(bytes, take_time);
  account.last_reset_at = take_maybe(bytes, take_time);
  account.organisation_id = take_maybe(bytes, take_long_text);
  account.log_id = take_long_text(bytes);
  account.effective_at = bytes.i64();
  row.state = take_long_text(bytes);
  row.faults = take_long_text(bytes);
  return row;
}

bool is_account_row(std::string_view record) {
  return record.size() > kAccountGroupBytes && record[kAccountGroupBytes] == static_cast<char>(kRowKind);
}

}  // namespace twinlog
