#include "plugins/exports/export_line.h"

#include <rapidjson/document.h>

#include <charconv>
#include <set>

#include "ledger/base/base64.h"
#include "ledger/base/bytes.h"
#include "ledger/record/json_events.h"
#include "ledger/record/jsonb_numbers.h"
#include "ledger/record/timestamp.h"

namespace twinlog {
namespace {

using rapidjson::Value;

constexpr std::int64_t kSafeInteger = 1LL << 53U;
constexpr int kDepthMost = 64;  // Far beyond what the event reader lets through.

std::string_view view(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

const Value* member(const Value& object, std::string_view name) {
  const auto place =
      object.FindMember(Value(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
  return place == object.MemberEnd() ? nullptr : &place->value;
}

/// The text of the only member of a wrapper, such as {"$numberLong":"5"}.
std::optional<std::string_view> wrapped(const Value& value, std::string_view name) {
  if (!value.IsObject() || value.MemberCount() != 1 || view(value.MemberBegin()->name) != name ||
      !value.MemberBegin()->value.IsString()) {
    return std::nullopt;
  }
  return view(value.MemberBegin()->value);
}

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> integer_of(const Value& value) {
  if (value.IsInt64()) {
    return value.GetInt64();
  }
  for (const std::string_view kind : {"$numberLong", "$numberInt"}) {
    if (const auto text = wrapped(value, kind)) {
      return number_of<std::int64_t>(*text);
    }
  }
  return std::nullopt;
}

std::optional<std::string> binary_of(const Value& value, ExportDialect dialect) {
  if (dialect == ExportDialect::kPostgres) {
    constexpr std::string_view kHex = "\\x";
    return value.IsString() && view(value).starts_with(kHex) ? from_hex(view(value).substr(kHex.size())) : std::nullopt;
  }
  const Value* inner = value.IsObject() && value.MemberCount() == 1 ? member(value, "$binary") : nullptr;
  const Value* bytes = inner != nullptr && inner->IsObject() ? member(*inner, "base64") : nullptr;
  const Value* type = inner != nullptr && inner->IsObject() ? member(*inner, "subType") : nullptr;
  const bool is_plain = bytes != nullptr && bytes->IsString() && type != nullptr && type->IsString() &&
                        (view(*type) == "00" || view(*type) == "0");
  return is_plain ? from_base64(view(*bytes)) : std::nullopt;
}

/// Milliseconds of {"$date": ...}.
std::optional<std::int64_t> date_of(const Value& value) {
  const Value* inner = value.IsObject() && value.MemberCount() == 1 ? member(value, "$date") : nullptr;
  if (inner == nullptr) {
    return std::nullopt;
  }
  if (inner->IsString()) {
    const auto time = rfc3339_time(view(*inner));
    return time && time->range == TimeRange::kWithin && time->micros % 1000 == 0 ? std::optional(time->micros / 1000)
                                                                                 : std::nullopt;
  }
  return integer_of(*inner);
}

/// A key of metadata as the document store has it: "%" alone is the empty one, "%25", "%2E" and a leading "%24" stand
/// for what servers take for their own. Nothing for what no agent encodes so.
std::optional<std::string> decoded_key(std::string_view encoded) {
  if (encoded == "%") {
    return "";
  }
  std::string key;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    const std::string_view code = encoded.substr(i, 3);
    const bool is_plain = encoded[i] != '%' && encoded[i] != '.' && (encoded[i] != '$' || i > 0);
    if (is_plain) {
      key.push_back(encoded[i]);
      continue;
    }
    if (code != "%25" && code != "%2E" && (code != "%24" || i > 0)) {
      return std::nullopt;
    }
    key.push_back(code == "%25" ? '%' : code == "%2E" ? '.' : '$');
    i += 2;
  }
  return key.empty() ? std::nullopt : std::optional(key);
}

/// Walks a value into the builder; false where it cannot be metadata of an event.
class MetadataWalk {
 public:
  MetadataWalk(CanonicalJsonBuilder& out, ExportDialect dialect) : out_(out), dialect_(dialect) {}

  bool walk(const Value& value, int depth) {
    if (depth > kDepthMost) {
      return false;
    }
    if (dialect_ == ExportDialect::kMongodb && value.IsObject()) {
      if (const auto number = wrapped_number(value)) {
        return put(*number);
      }
    }
    switch (value.GetType()) {
      case rapidjson::kNullType:
        out_.null();
        return true;
      case rapidjson::kFalseType:
      case rapidjson::kTrueType:
        out_.boolean(value.GetBool());
        return true;
      case rapidjson::kStringType:
        out_.string(view(value));
        return true;
      case rapidjson::kNumberType:
        return put_number(value);
      case rapidjson::kArrayType:
        return walk_array(value, depth);
      default:
        return walk_object(value, depth);
    }
  }

 private:
  std::optional<double> wrapped_number(const Value& value) const {
    for (const std::string_view kind : {"$numberDouble", "$numberLong", "$numberInt"}) {
      if (const auto text = wrapped(value, kind)) {
        return number_of<double>(*text);
      }
    }
    return std::nullopt;
  }
  bool put(double value) {
    const bool is_whole = value >= -static_cast<double>(kSafeInteger) && value <= static_cast<double>(kSafeInteger) &&
                          value == static_cast<double>(static_cast<std::int64_t>(value));
    is_whole ? out_.integer(static_cast<std::int64_t>(value)) : out_.number(value);
    return true;
  }
  bool put_number(const Value& value) {
    if (value.IsInt64() && value.GetInt64() >= -kSafeInteger && value.GetInt64() <= kSafeInteger) {
      out_.integer(value.GetInt64());
      return true;
    }
    return put(value.GetDouble());
  }
  bool walk_array(const Value& value, int depth) {
    out_.begin_array();
    for (const Value& element : value.GetArray()) {
      if (!walk(element, depth + 1)) {
        return false;
      }
    }
    out_.end_array();
    return true;
  }
  bool walk_object(const Value& value, int depth) {
    out_.begin_object();
    std::set<std::string_view> names;
    for (const auto& one : value.GetObject()) {
      const std::string name(view(one.name));
      const auto decoded = dialect_ == ExportDialect::kMongodb ? decoded_key(name) : std::optional(name);
      if (!decoded || !names.insert(view(one.name)).second) {
        return false;
      }
      out_.key(*decoded);
      if (!walk(one.value, depth + 1)) {
        return false;
      }
    }
    out_.end_object();
    return true;
  }

  CanonicalJsonBuilder& out_;
  ExportDialect dialect_;
};

std::string us(std::string_view name) {
  return std::string(name) + "_us";
}

}  // namespace

struct ExportLine::Parsed {
  rapidjson::Document document;
  bool has_odd_numbers = false;  ///< PostgreSQL: spelled as no agent writes them, with digits beyond any double.
};

ExportLine::ExportLine(std::unique_ptr<Parsed> parsed, ExportDialect dialect)
    : parsed_(std::move(parsed)), dialect_(dialect) {}
ExportLine::~ExportLine() = default;
ExportLine::ExportLine(ExportLine&&) noexcept = default;
ExportLine& ExportLine::operator=(ExportLine&&) noexcept = default;

std::optional<ExportLine> ExportLine::parse(std::string_view json, ExportDialect dialect) {
  constexpr unsigned kFlags =
      rapidjson::kParseFullPrecisionFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
  auto parsed = std::make_unique<Parsed>();
  const bool has_nul = json.find('\0') != std::string_view::npos;  // The parser would not look behind it.
  parsed->document.Parse<kFlags>(json.data(), json.size());
  if (has_nul || parsed->document.HasParseError() || !parsed->document.IsObject()) {
    return std::nullopt;
  }
  std::set<std::string_view> names;
  const Value& root = parsed->document;
  for (auto one = root.MemberBegin(); one != root.MemberEnd(); ++one) {
    if (!names.insert(view(one->name)).second) {
      return std::nullopt;
    }
  }
  parsed->has_odd_numbers = dialect == ExportDialect::kPostgres && !are_numbers_canonical(json);
  return ExportLine(std::move(parsed), dialect);
}

bool ExportLine::has(std::string_view name) const {
  const Value* value = member(parsed_->document, name);
  return value != nullptr && !value->IsNull();
}

bool ExportLine::is_null(std::string_view name) const {
  const Value* value = member(parsed_->document, name);
  return value != nullptr && value->IsNull();
}

std::vector<std::string> ExportLine::names() const {
  std::vector<std::string> names;
  const Value& root = parsed_->document;
  for (auto one = root.MemberBegin(); one != root.MemberEnd(); ++one) {
    names.emplace_back(view(one->name));
  }
  return names;
}

std::optional<std::string> ExportLine::text(std::string_view name) const {
  const Value* value = member(parsed_->document, name);
  return value != nullptr && value->IsString() ? std::optional<std::string>(view(*value)) : std::nullopt;
}

std::optional<std::int64_t> ExportLine::integer(std::string_view name) const {
  const Value* value = member(parsed_->document, name);
  return value != nullptr ? integer_of(*value) : std::nullopt;
}

std::optional<bool> ExportLine::boolean(std::string_view name) const {
  const Value* value = member(parsed_->document, name);
  return value != nullptr && value->IsBool() ? std::optional(value->GetBool()) : std::nullopt;
}

std::optional<std::string> ExportLine::binary(std::string_view name) const {
  const Value* value = member(parsed_->document, name);
  return value != nullptr ? binary_of(*value, dialect_) : std::nullopt;
}

std::optional<std::vector<std::string>> ExportLine::texts(std::string_view name) const {
  const Value* value = member(parsed_->document, name);
  if (value == nullptr || !value->IsArray()) {
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const Value& element : value->GetArray()) {
    if (!element.IsString()) {
      return std::nullopt;
    }
    texts.emplace_back(view(element));
  }
  return texts;
}

bool ExportLine::has_time(std::string_view name) const {
  return has(name) || (dialect_ == ExportDialect::kMongodb && has(us(name)));
}

std::optional<UtcMicros> ExportLine::time(std::string_view name) const {
  if (dialect_ == ExportDialect::kMongodb) {
    return integer(us(name));
  }
  const auto words = text(name);
  const auto time = words ? rfc3339_time(*words) : std::nullopt;
  return time && time->range == TimeRange::kWithin ? std::optional(time->micros) : std::nullopt;
}

bool ExportLine::is_date_right(std::string_view name) const {
  const auto micros = integer(us(name));
  const Value* date = member(parsed_->document, name);
  const auto millis = date != nullptr ? date_of(*date) : std::nullopt;
  if (!micros || !millis) {
    return false;
  }
  const std::int64_t rest = *micros % 1000;
  return *millis == (*micros - (rest < 0 ? rest + 1000 : rest)) / 1000;
}

std::optional<std::string> ExportLine::object(std::string_view name) const {
  const Value* value = member(parsed_->document, name);
  if (value == nullptr || !value->IsObject() || parsed_->has_odd_numbers) {
    return std::nullopt;
  }
  CanonicalJsonBuilder builder;
  if (!MetadataWalk(builder, dialect_).walk(*value, 0)) {
    return std::nullopt;
  }
  return builder.take();
}

}  // namespace twinlog
