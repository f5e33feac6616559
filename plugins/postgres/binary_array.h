// PostgreSQL's binary forms of the values that we send and read (array_send and friends in src/backend/utils/adt; the
// wire format has been the same since 7.4). libpq has no encoder for them; libpqtypes, which has, is unmaintained.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/clock.h"

namespace twinlog::postgres {

/// An element type and its array type (pg_type.dat), and the name of the type for casts.
struct ElementType {
  std::uint32_t oid = 0;
  std::uint32_t array_oid = 0;
  std::string_view name;
};
inline constexpr ElementType kBool{16, 1000, "boolean"};
inline constexpr ElementType kBytea{17, 1001, "bytea"};
inline constexpr ElementType kInt8{20, 1016, "bigint"};
inline constexpr ElementType kInt2{21, 1005, "smallint"};
inline constexpr ElementType kInt4{23, 1007, "integer"};
inline constexpr ElementType kText{25, 1009, "text"};
inline constexpr ElementType kInet{869, 1041, "inet"};
inline constexpr ElementType kTimestamp{1184, 1185, "timestamptz"};
inline constexpr ElementType kUuid{2950, 2951, "uuid"};
inline constexpr ElementType kJsonb{3802, 3807, "jsonb"};

/// One parameter of a statement in binary form.
struct Parameter {
  std::uint32_t type = 0;
  std::string bytes;
};

/// Builds the value of one array parameter, element by element.
class ArrayBuilder {
 public:
  explicit ArrayBuilder(ElementType type) : type_(type) {}

  void null();
  /// Elements of the types text and bytea.
  void bytes(std::string_view value);
  void bytes_or_null(const std::optional<std::string>& value);
  void boolean(bool value);
  void int2(std::int16_t value);
  void int4(std::int32_t value);
  void int8(std::int64_t value);
  void timestamp(UtcMicros value);
  void timestamp_or_null(const std::optional<UtcMicros>& value);
  void jsonb(std::string_view canonical);
  /// RFC 5952 text; anything that is no address becomes null.
  void inet(std::string_view address);

  std::size_t size() const { return count_; }
  Parameter take();
  /// For an unnest() of several arrays, which pads the shorter ones with NULL: a column that most rows leave out costs
  /// the server next to nothing so. At least one array of them has to be whole.
  Parameter take_without_last_nulls();

 private:
  void added();

  ElementType type_;
  std::string elements_;
  std::size_t count_ = 0;
  std::size_t last_nulls_ = 0;
  bool has_null_ = false;
};

/// Scalars as parameters.
Parameter text_parameter(std::string_view value);
Parameter int8_parameter(std::int64_t value);
Parameter timestamp_parameter(UtcMicros value);
Parameter uuid_parameter(std::string_view sixteen_bytes);

/// Values of result columns in binary form. The bytes come from the server and have the length of their type.
std::int64_t int8_value(std::string_view bytes);
std::int32_t int4_value(std::string_view bytes);
std::int16_t int2_value(std::string_view bytes);
bool bool_value(std::string_view bytes);
UtcMicros timestamp_value(std::string_view bytes);
std::string_view jsonb_value(std::string_view bytes);
std::string inet_value(std::string_view bytes);

}  // namespace twinlog::postgres
