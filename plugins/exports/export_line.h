// A line of an export as named fields: what PostgreSQL's row_to_json writes in UTC, or MongoDB Extended JSON v2
// (relaxed or canonical). Nothing in it is trusted.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/clock.h"
#include "plugins/exports/export_names.h"

namespace twinlog {

enum class ExportDialect : std::uint8_t { kPostgres, kMongodb };

/// Reads one line after the other, so that its memory serves for all of them. Views are good until the next read().
class ExportLine {
 public:
  explicit ExportLine(ExportDialect dialect);
  ~ExportLine();
  ExportLine(const ExportLine&) = delete;
  ExportLine& operator=(const ExportLine&) = delete;

  /// False when `json` is no JSON object, or has a member twice. It must stay until the next read().
  [[nodiscard]] bool read(std::string_view json);

  ExportDialect dialect() const { return dialect_; }
  /// Whether it is there and not null.
  bool has(ExportName name) const;
  /// Members that are null.
  std::size_t nulls() const;
  /// Names of members that have no number below `known`, as they come in the line.
  std::vector<std::string_view> names_beyond(std::size_t known) const;

  // Nothing where the field is absent, null or of another type; has() tells the two apart.
  std::optional<std::string_view> text(ExportName name) const;
  std::optional<std::int64_t> integer(ExportName name) const;
  std::optional<bool> boolean(ExportName name) const;
  /// Good until the next binary().
  std::optional<std::string_view> binary(ExportName name);
  std::optional<std::vector<std::string>> texts(ExportName name) const;
  /// PostgreSQL: text of a timestamptz. Document store: the integer `<name>_us`.
  std::optional<UtcMicros> time(ExportName name) const;
  bool has_time(ExportName name) const;
  /// Document store: whether the date beside `<name>_us` is that time, rounded down to its millisecond.
  bool is_date_right(ExportName name) const;
  /// Canonical JSON of an object, keys decoded as the document store has them encoded.
  std::optional<std::string> object(ExportName name) const;

 private:
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
  ExportDialect dialect_;
};

}  // namespace twinlog
