#include "plugins/exports/export_line.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "ledger/record/jsonb_numbers.h"
#include "ledger/record/timestamp.h"
#include "ledger/record/utf8.h"
#include "plugins/exports/export_values.h"

namespace twinlog {
namespace {

using Pool = simd_json::MemoryPoolAllocator<>;
using PooledDocument = simd_json::GenericDocument<simd_json::UTF8<>, Pool, Pool>;

/// A usual line needs no more; what a longer one takes is given back.
constexpr std::size_t kKeptValueBytes = 64U << 10U;
constexpr std::size_t kKeptStackBytes = 16U << 10U;
constexpr std::size_t kKeptTextBytes = 1U << 20U;
/// So deep may the parser call itself; deeper lines are parsed without that, more slowly.
constexpr std::size_t kMostCalls = 256;

constexpr unsigned kQuickFlags = simd_json::kParseInsituFlag | simd_json::kParseFullPrecisionFlag;
constexpr unsigned kDeepFlags = kQuickFlags | simd_json::kParseIterativeFlag;
/// Character by character: some builds of the parser overlook control characters in strings that they look at sixteen
/// bytes at a time.
constexpr unsigned kSlowFlags = kDeepFlags | simd_json::kParseValidateEncodingFlag;

struct Shape {
  bool is_ascii = true;
  bool has_controls = false;  ///< Characters below the space.
  std::size_t brackets = 0;   ///< That open something, also in strings: no line is deeper.
};

/// Eight bytes at once.
Shape shape_of(std::string_view text) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = kEach * 0x80;
  constexpr std::uint64_t kSpaces = kEach * ' ';  // A space makes a '{' of a '['.
  constexpr std::uint64_t kBrackets = kEach * '{';
  constexpr std::uint64_t kEvenBytes = 0x00FF00FF00FF00FF;
  constexpr std::size_t kMostCounted = 255;  // A byte of `counts` holds no more.
  Shape shape;
  std::uint64_t seen = 0;
  std::uint64_t controls = 0;
  while (!text.empty()) {
    std::uint64_t counts = 0;
    for (std::size_t i = 0; i < kMostCounted && !text.empty(); ++i) {
      std::uint64_t part = kSpaces;
      const std::size_t size = std::min(sizeof part, text.size());
      if (size == sizeof part) {
        std::memcpy(&part, text.data(), sizeof part);
      } else {
        std::memcpy(&part, text.data(), size);
      }
      text.remove_prefix(size);
      seen |= part;
      controls |= ~(part | part << 1U | part >> 1U);  // At 0x40: none of the three highest bits is set.
      const std::uint64_t differing = (part | kSpaces) ^ kBrackets;
      counts += (~(((differing & ~kHighBits) + ~kHighBits) | differing) & kHighBits) >> 7U;
    }
    const std::uint64_t pairs = (counts & kEvenBytes) + (counts >> 8U & kEvenBytes);
    shape.brackets += static_cast<std::size_t>((pairs * 0x0001000100010001) >> 48U);
  }
  shape.is_ascii = (seen & kHighBits) == 0;
  shape.has_controls = (controls & kEach * 0x40) != 0;
  return shape;
}

}  // namespace

struct ExportLine::Parsed {
  alignas(std::max_align_t) std::array<char, kKeptValueBytes> value_room;
  alignas(std::max_align_t) std::array<char, kKeptStackBytes> stack_room;
  Pool values{value_room.data(), value_room.size()};
  Pool stack{stack_room.data(), stack_room.size()};
  std::string text;       ///< The line, and what the parser makes of it.
  std::string_view line;  ///< As it came.
  ExportValue root;
  std::array<const ExportValue*, kExportNameCount> members{};
  std::vector<std::string_view> others;
  std::string bytes;
  std::size_t highest = 0;  ///< Of the numbers of members.
  std::size_t nulls = 0;

  const ExportValue* at(std::uint8_t number) const { return number == kNoName ? nullptr : members[number]; }

  bool parse() {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    line.remove_prefix(line.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
    members.fill(nullptr);
    others.clear();
    highest = nulls = 0;
    root.SetNull();
    values.Clear();
    stack.Clear();
    if (text.capacity() > kKeptTextBytes) {
      text = {};
    }
    text.reserve(line.size() + kBytesBehind);
    text.assign(line);
    const Shape shape = shape_of(line);
    const bool has_nul = shape.has_controls && line.find('\0') != std::string_view::npos;
    if (has_nul || (!shape.is_ascii && !is_utf8(line))) {
      return false;  // The parser would not look behind the one, and not at the other.
    }
    PooledDocument document(&values, kKeptStackBytes / 4, &stack);
    if (shape.has_controls) {
      document.ParseInsitu<kSlowFlags>(text.data());
    } else if (shape.brackets > kMostCalls) {
      document.ParseInsitu<kDeepFlags>(text.data());
    } else {
      document.ParseInsitu<kQuickFlags>(text.data());
    }
    if (document.HasParseError() || !document.IsObject()) {
      return false;
    }
    root.Swap(document);
    return true;
  }

  /// False where a member is there twice.
  bool index() {
    for (const auto& one : std::as_const(root).GetObject()) {
      nulls += one.value.IsNull() ? 1U : 0U;
      const std::uint8_t number = export_name_number(text_view(one.name));
      if (number == kNoName) {
        others.push_back(text_view(one.name));
        continue;
      }
      if (members[number] != nullptr) {
        return false;
      }
      members[number] = &one.value;
      highest = std::max<std::size_t>(highest, number);
    }
    std::sort(others.begin(), others.end());
    return std::adjacent_find(others.begin(), others.end()) == others.end();
  }
};

ExportLine::ExportLine(ExportDialect dialect) : parsed_(std::make_unique<Parsed>()), dialect_(dialect) {}
ExportLine::~ExportLine() = default;

bool ExportLine::read(std::string_view json) {
  parsed_->line = json;
  return parsed_->parse() && parsed_->index();
}

bool ExportLine::has(ExportName name) const {
  const ExportValue* value = parsed_->at(name.number());
  return value != nullptr && !value->IsNull();
}

std::size_t ExportLine::nulls() const {
  return parsed_->nulls;
}

std::vector<std::string_view> ExportLine::names_beyond(std::size_t known) const {
  std::vector<std::string_view> names;
  if (parsed_->others.empty() && parsed_->highest < known) {
    return names;
  }
  for (const auto& one : std::as_const(parsed_->root).GetObject()) {
    if (export_name_number(text_view(one.name)) >= known) {
      names.push_back(text_view(one.name));
    }
  }
  return names;
}

std::optional<std::string_view> ExportLine::text(ExportName name) const {
  const ExportValue* value = parsed_->at(name.number());
  return value != nullptr && value->IsString() ? std::optional(text_view(*value)) : std::nullopt;
}

std::optional<std::int64_t> ExportLine::integer(ExportName name) const {
  const ExportValue* value = parsed_->at(name.number());
  return value != nullptr ? integer_of(*value) : std::nullopt;
}

std::optional<bool> ExportLine::boolean(ExportName name) const {
  const ExportValue* value = parsed_->at(name.number());
  return value != nullptr && value->IsBool() ? std::optional(value->GetBool()) : std::nullopt;
}

std::optional<std::string_view> ExportLine::binary(ExportName name) {
  const ExportValue* value = parsed_->at(name.number());
  return value != nullptr && binary_of(*value, dialect_, parsed_->bytes)
             ? std::optional(std::string_view(parsed_->bytes))
             : std::nullopt;
}

std::optional<std::vector<std::string>> ExportLine::texts(ExportName name) const {
  const ExportValue* value = parsed_->at(name.number());
  if (value == nullptr || !value->IsArray()) {
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const ExportValue& element : value->GetArray()) {
    if (!element.IsString()) {
      return std::nullopt;
    }
    texts.emplace_back(text_view(element));
  }
  return texts;
}

bool ExportLine::has_time(ExportName name) const {
  const ExportValue* micros = dialect_ == ExportDialect::kMongodb ? parsed_->at(name.micros()) : nullptr;
  return has(name) || (micros != nullptr && !micros->IsNull());
}

std::optional<UtcMicros> ExportLine::time(ExportName name) const {
  if (dialect_ == ExportDialect::kMongodb) {
    const ExportValue* micros = parsed_->at(name.micros());
    return micros != nullptr ? integer_of(*micros) : std::nullopt;
  }
  const auto words = text(name);
  const auto time = words ? rfc3339_time(*words) : std::nullopt;
  return time && time->range == TimeRange::kWithin ? std::optional(time->micros) : std::nullopt;
}

bool ExportLine::is_date_right(ExportName name) const {
  const ExportValue* value = parsed_->at(name.micros());
  const ExportValue* date = parsed_->at(name.number());
  const auto micros = value != nullptr ? integer_of(*value) : std::nullopt;
  const auto millis = date != nullptr ? date_of(*date) : std::nullopt;
  if (!micros || !millis) {
    return false;
  }
  const std::int64_t rest = *micros % 1000;
  return *millis == (*micros - (rest < 0 ? rest + 1000 : rest)) / 1000;
}

std::optional<std::string> ExportLine::object(ExportName name) const {
  const ExportValue* value = parsed_->at(name.number());
  // PostgreSQL keeps every digit: a number may be spelled as no agent writes it, with digits beyond any double.
  const bool is_usable = value != nullptr && value->IsObject() &&
                         (dialect_ == ExportDialect::kMongodb || are_numbers_canonical(parsed_->line));
  return is_usable ? metadata_of(*value, dialect_) : std::nullopt;
}

}  // namespace twinlog
