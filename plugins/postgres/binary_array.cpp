#include "plugins/postgres/binary_array.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "ledger/base/bytes.h"
#include "ledger/record/address.h"

namespace twinlog::postgres {
namespace {

/// 2000-01-01T00:00:00Z, where PostgreSQL's timestamps start.
constexpr UtcMicros kPostgresEpoch = 946'684'800'000'000;
constexpr std::uint32_t kNullLength = 0xFFFFFFFF;
/// PGSQL_AF_INET and PGSQL_AF_INET6 of src/include/utils/inet.h.
constexpr char kFamilyV4 = 2;
constexpr char kFamilyV6 = 3;
constexpr std::size_t kV4Bytes = 4;
constexpr std::size_t kV6Bytes = 16;
constexpr std::size_t kInetHeader = 4;
constexpr char kJsonbVersion = 1;

std::uint32_t as_u32(std::size_t value) {
  return static_cast<std::uint32_t>(value);
}

}  // namespace

void ArrayBuilder::added() {
  ++count_;
  last_nulls_ = 0;
}

void ArrayBuilder::null() {
  put_u32(elements_, kNullLength);
  has_null_ = true;
  ++count_;
  ++last_nulls_;
}

void ArrayBuilder::bytes(std::string_view value) {
  put_u32(elements_, as_u32(value.size()));
  elements_ += value;
  added();
}

void ArrayBuilder::bytes_or_null(const std::optional<std::string>& value) {
  if (value) {
    bytes(*value);
  } else {
    null();
  }
}

void ArrayBuilder::boolean(bool value) {
  bytes(std::string_view(value ? "\1" : "\0", 1));
}

void ArrayBuilder::int2(std::int16_t value) {
  put_u32(elements_, 2);
  put_u16(elements_, static_cast<std::uint16_t>(value));
  added();
}

void ArrayBuilder::int4(std::int32_t value) {
  put_u32(elements_, sizeof value);
  put_u32(elements_, static_cast<std::uint32_t>(value));
  added();
}

void ArrayBuilder::int8(std::int64_t value) {
  put_u32(elements_, sizeof value);
  put_i64(elements_, value);
  added();
}

void ArrayBuilder::timestamp(UtcMicros value) {
  int8(value - kPostgresEpoch);
}

void ArrayBuilder::timestamp_or_null(const std::optional<UtcMicros>& value) {
  if (value) {
    timestamp(*value);
  } else {
    null();
  }
}

void ArrayBuilder::jsonb(std::string_view canonical) {
  put_u32(elements_, as_u32(canonical.size() + 1));
  elements_.push_back(kJsonbVersion);
  elements_ += canonical;
  added();
}

void ArrayBuilder::inet(std::string_view address) {
  const std::string text(address);
  std::array<char, kV6Bytes> raw{};
  const bool is_v6 = text.find(':') != std::string::npos;
  if (inet_pton(is_v6 ? AF_INET6 : AF_INET, text.c_str(), raw.data()) != 1) {
    null();
    return;
  }
  const std::size_t size = is_v6 ? kV6Bytes : kV4Bytes;
  put_u32(elements_, as_u32(kInetHeader + size));
  elements_.push_back(is_v6 ? kFamilyV6 : kFamilyV4);
  elements_.push_back(static_cast<char>(size * 8));
  elements_.push_back(0);  // Not a network (cidr).
  elements_.push_back(static_cast<char>(size));
  elements_.append(raw.data(), size);
  added();
}

Parameter ArrayBuilder::take_without_last_nulls() {
  elements_.resize(elements_.size() - last_nulls_ * sizeof kNullLength);
  count_ -= last_nulls_;
  return take();
}

Parameter ArrayBuilder::take() {
  Parameter parameter{type_.array_oid, {}};
  std::string& out = parameter.bytes;
  put_u32(out, count_ == 0 ? 0 : 1);  // Dimensions: an empty array has none.
  put_u32(out, has_null_ ? 1 : 0);
  put_u32(out, type_.oid);
  if (count_ > 0) {
    put_u32(out, as_u32(count_));
    put_u32(out, 1);  // Lower bound.
    out += elements_;
  }
  elements_.clear();
  count_ = 0;
  last_nulls_ = 0;
  has_null_ = false;
  return parameter;
}

Parameter text_parameter(std::string_view value) {
  return {kText.oid, std::string(value)};
}

Parameter int8_parameter(std::int64_t value) {
  Parameter parameter{kInt8.oid, {}};
  put_i64(parameter.bytes, value);
  return parameter;
}

Parameter timestamp_parameter(UtcMicros value) {
  Parameter parameter = int8_parameter(value - kPostgresEpoch);
  parameter.type = kTimestamp.oid;
  return parameter;
}

Parameter uuid_parameter(std::string_view sixteen_bytes) {
  return {kUuid.oid, std::string(sixteen_bytes)};
}

std::int64_t int8_value(std::string_view bytes) {
  return ByteReader(bytes).i64();
}
std::int32_t int4_value(std::string_view bytes) {
  return static_cast<std::int32_t>(ByteReader(bytes).u32());
}
std::int16_t int2_value(std::string_view bytes) {
  return static_cast<std::int16_t>(ByteReader(bytes).u16());
}
bool bool_value(std::string_view bytes) {
  return ByteReader(bytes).u8() != 0;
}
UtcMicros timestamp_value(std::string_view bytes) {
  return int8_value(bytes) + kPostgresEpoch;
}
std::string_view jsonb_value(std::string_view bytes) {
  return bytes.empty() ? bytes : bytes.substr(1);
}

std::string inet_value(std::string_view bytes) {
  const std::string_view address = bytes.substr(std::min(bytes.size(), kInetHeader));
  return address_text({reinterpret_cast<const unsigned char*>(address.data()), address.size()});
}

}  // namespace twinlog::postgres
