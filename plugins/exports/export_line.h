// A line of an export as named fields: what PostgreSQL's row_to_json writes in UTC, or MongoDB Extended JSON v2
// (relaxed or canonical). Nothing in it is trusted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/clock.h"

namespace twinlog {

enum class ExportDialect : std::uint8_t { kPostgres, kMongodb };

class ExportLine {
 public:
  /// Nothing when `json` is no JSON object, or has a member twice.
  static std::optional<ExportLine> parse(std::string_view json, ExportDialect dialect);
  ~ExportLine();
  ExportLine(ExportLine&&) noexcept;
  ExportLine& operator=(ExportLine&&) noexcept;

  ExportDialect dialect() const { return dialect_; }
  /// Whether it is there and not null.
  bool has(std::string_view name) const;
  bool is_null(std::string_view name) const;
  std::vector<std::string> names() const;

  // Nothing where the field is absent, null or of another type; has() tells the two apart.
  std::optional<std::string> text(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::optional<bool> boolean(std::string_view name) const;
  std::optional<std::string> binary(std::string_view name) const;
  std::optional<std::vector<std::string>> texts(std::string_view name) const;
  /// PostgreSQL: text of a timestamptz. Document store: the integer `<name>_us`.
  std::optional<UtcMicros> time(std::string_view name) const;
  bool has_time(std::string_view name) const;
  /// Document store: whether the date beside `<name>_us` is that time, rounded down to its millisecond.
  bool is_date_right(std::string_view name) const;
  /// Canonical JSON of an object, keys decoded as the document store has them encoded.
  std::optional<std::string> object(std::string_view name) const;

 private:
  struct Parsed;
  ExportLine(std::unique_ptr<Parsed> parsed, ExportDialect dialect);
  std::unique_ptr<Parsed> parsed_;
  ExportDialect dialect_;
};

}  // namespace twinlog
