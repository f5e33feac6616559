#include "plugins/exports/export_values.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "ledger/base/put_bytes.h"
#include "ledger/record/json_events.h"
#include "ledger/record/timestamp.h"

namespace twinlog {
namespace {

constexpr std::int64_t kSafeInteger = 1LL << 53U;
constexpr int kDepthMost = 64;  // Far beyond what the event reader lets through.

const ExportValue* member(const ExportValue& object, std::string_view name) {
  const auto place =
      object.FindMember(ExportValue(simd_json::StringRef(name.data(), static_cast<simd_json::SizeType>(name.size()))));
  return place == object.MemberEnd() ? nullptr : &place->value;
}

/// The text of the only member of a wrapper, such as {"$numberLong":"5"}.
std::optional<std::string_view> wrapped(const ExportValue& value, std::string_view name) {
  if (!value.IsObject() || value.MemberCount() != 1 || text_view(value.MemberBegin()->name) != name ||
      !value.MemberBegin()->value.IsString()) {
    return std::nullopt;
  }
  return text_view(value.MemberBegin()->value);
}

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
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

  bool walk(const ExportValue& value, int depth) {
    if (depth > kDepthMost) {
      return false;
    }
    if (dialect_ == ExportDialect::kMongodb && value.IsObject()) {
      if (const auto number = wrapped_number(value)) {
        return put(*number);
      }
    }
    switch (value.GetType()) {
      case simd_json::kNullType:
        out_.null();
        return true;
      case simd_json::kFalseType:
      case simd_json::kTrueType:
        out_.boolean(value.GetBool());
        return true;
      case simd_json::kStringType:
        out_.string(text_view(value));
        return true;
      case simd_json::kNumberType:
        return put_number(value);
      case simd_json::kArrayType:
        return walk_array(value, depth);
      default:
        return walk_object(value, depth);
    }
  }

 private:
  std::optional<double> wrapped_number(const ExportValue& value) const {
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
  bool put_number(const ExportValue& value) {
    if (value.IsInt64() && value.GetInt64() >= -kSafeInteger && value.GetInt64() <= kSafeInteger) {
      out_.integer(value.GetInt64());
      return true;
    }
    return put(value.GetDouble());
  }
  bool put_key(std::string_view name) {
    if (dialect_ == ExportDialect::kPostgres) {
      out_.key(name);
      return true;
    }
    const std::optional<std::string> decoded = decoded_key(name);
    if (decoded) {
      out_.key(*decoded);
    }
    return decoded.has_value();
  }
  bool walk_array(const ExportValue& value, int depth) {
    out_.begin_array();
    for (const ExportValue& element : value.GetArray()) {
      if (!walk(element, depth + 1)) {
        return false;
      }
    }
    out_.end_array();
    return true;
  }
  bool walk_object(const ExportValue& value, int depth) {
    out_.begin_object();
    std::vector<std::string_view> names;
    names.reserve(value.MemberCount());
    for (const auto& one : value.GetObject()) {
      names.push_back(text_view(one.name));
      if (!put_key(names.back()) || !walk(one.value, depth + 1)) {
        return false;
      }
    }
    std::sort(names.begin(), names.end());
    if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
      return false;
    }
    out_.end_object();
    return true;
  }

  CanonicalJsonBuilder& out_;
  ExportDialect dialect_;
};

}  // namespace

std::optional<std::int64_t> integer_of(const ExportValue& value) {
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

bool binary_of(const ExportValue& value, ExportDialect dialect, std::string& bytes) {
  if (dialect == ExportDialect::kPostgres) {
    constexpr std::string_view kHex = "\\x";
    return value.IsString() && text_view(value).starts_with(kHex) &&
           put_from_hex(bytes, text_view(value).substr(kHex.size()));
  }
  const ExportValue* inner = value.IsObject() && value.MemberCount() == 1 ? member(value, "$binary") : nullptr;
  const ExportValue* text = inner != nullptr && inner->IsObject() ? member(*inner, "base64") : nullptr;
  const ExportValue* type = inner != nullptr && inner->IsObject() ? member(*inner, "subType") : nullptr;
  const bool is_plain = text != nullptr && text->IsString() && type != nullptr && type->IsString() &&
                        (text_view(*type) == "00" || text_view(*type) == "0");
  return is_plain && put_from_base64(bytes, text_view(*text));
}

std::optional<std::int64_t> date_of(const ExportValue& value) {
  const ExportValue* inner = value.IsObject() && value.MemberCount() == 1 ? member(value, "$date") : nullptr;
  if (inner == nullptr) {
    return std::nullopt;
  }
  if (inner->IsString()) {
    const auto time = rfc3339_time(text_view(*inner));
    return time && time->range == TimeRange::kWithin && time->micros % 1000 == 0 ? std::optional(time->micros / 1000)
                                                                                 : std::nullopt;
  }
  return integer_of(*inner);
}

std::optional<std::string> metadata_of(const ExportValue& value, ExportDialect dialect) {
  CanonicalJsonBuilder builder;
  if (!value.IsObject() || !MetadataWalk(builder, dialect).walk(value, 0)) {
    return std::nullopt;
  }
  return builder.take();
}

}  // namespace twinlog
