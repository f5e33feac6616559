#include <charconv>
#include <optional>

#include "ledger/base/base64.h"
#include "ledger/leaf/field_table.h"
#include "ledger/proof/disclosure.h"
#include "ledger/record/json_number.h"
#include "ledger/record/json_tape.h"
#include "ledger/record/json_writer.h"

namespace twinlog {
namespace {

Error bad(const std::string& words) {
  return {ErrorKind::kInvalid, "not a disclosure: " + words};
}

bool take(std::string_view& rest, std::string_view front) {
  const bool is_there = rest.starts_with(front);
  rest.remove_prefix(is_there ? front.size() : 0);
  return is_there;
}

/// A JSON string off the front. Not by the tape: that takes line feeds for damage, as in events. Of escapes those that
/// a note needs.
std::optional<std::string> take_text(std::string_view& rest) {
  std::string text;
  if (!take(rest, "\"")) {
    return std::nullopt;
  }
  while (!rest.empty() && rest.front() != '"') {
    if (take(rest, "\\n")) {
      text.push_back('\n');
      continue;
    }
    rest.remove_prefix(rest.starts_with("\\\"") || rest.starts_with("\\\\") ? 1 : 0);
    text.push_back(rest.front());
    rest.remove_prefix(1);
  }
  return take(rest, "\"") ? std::optional(std::move(text)) : std::nullopt;
}

/// Members of objects of one tape. Order and repeated names are settled by writing everything again.
class Members {
 public:
  explicit Members(const JsonTape& tape) : tape_(tape) {}

  /// Of the object's member of that name; nothing when there is none.
  std::optional<std::uint32_t> find(std::uint32_t object, std::string_view name) const {
    if (tape_.nodes[object].kind != NodeKind::kObject) {
      return std::nullopt;
    }
    for (std::uint32_t key = object + 1; key < tape_.end_of(object); key = tape_.end_of(key + 1)) {
      if (tape_.view(key) == name) {
        return key + 1;
      }
    }
    return std::nullopt;
  }
  std::optional<std::string_view> text(std::uint32_t object, std::string_view name) const {
    const auto value = find(object, name);
    return value ? text_at(*value) : std::nullopt;
  }
  std::optional<std::string_view> text_at(std::uint32_t value) const {
    return tape_.nodes[value].kind == NodeKind::kString ? std::optional(tape_.view(value)) : std::nullopt;
  }
  std::optional<std::int64_t> integer_at(std::uint32_t value) const {
    if (tape_.nodes[value].kind != NodeKind::kNumber) {
      return std::nullopt;
    }
    const std::string_view text = tape_.view(value);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
  }
  /// The value as canonical JSON, where it is of this kind and all its numbers are finite.
  std::optional<std::string> json_at(std::uint32_t value, NodeKind kind) const {
    if (tape_.nodes[value].kind != kind) {
      return std::nullopt;
    }
    for (std::uint32_t i = value; i < tape_.end_of(value); ++i) {
      if (tape_.nodes[i].kind == NodeKind::kNumber && !number_value(tape_.view(i))) {
        return std::nullopt;
      }
    }
    std::string json;
    JsonWriter(tape_).append_value(json, value);
    return json;
  }

 private:
  const JsonTape& tape_;
};

template <std::size_t kSize>
std::optional<std::array<std::uint8_t, kSize>> bytes_of(const std::optional<std::string_view>& text) {
  const auto bytes = text ? from_hex(*text) : std::nullopt;
  return bytes ? array_from<kSize>(*bytes) : std::nullopt;
}

std::optional<std::string> value_at(const Members& members, std::uint32_t value, std::uint8_t field) {
  switch (field) {
    case kFieldOccurredAt:
    case kFieldFailedLoginAttempts:
    case kFieldAccountLockedUntil: {
      const auto number = members.integer_at(value);
      std::string bytes;
      put_i64(bytes, number.value_or(0));
      return number ? std::optional(std::move(bytes)) : std::nullopt;
    }
    case kFieldMetadata:
      return members.json_at(value, NodeKind::kObject);
    case kFieldRepaired:
      return members.json_at(value, NodeKind::kArray);
    default: {
      const auto text = members.text_at(value);
      return text ? std::optional(std::string(*text)) : std::nullopt;
    }
  }
}

Result<DisclosedField> field_at(const Members& members, std::uint32_t object, std::uint8_t field) {
  const std::string which = "field " + std::to_string(field);
  if (const auto text = members.text(object, "commitment")) {
    const auto digest = bytes_of<sizeof(Digest)>(text);
    return digest ? Result<DisclosedField>(DisclosedField(*digest)) : bad(which + " has no commitment of 32 bytes");
  }
  if (field > kFields || members.text(object, "name") != kFieldNames.at(field - 1U)) {
    return bad(which + " is shown under a name that is not its own");
  }
  const auto salt = bytes_of<sizeof(Salt)>(members.text(object, "salt"));
  if (!salt) {
    return bad(which + " has no salt of 16 bytes");
  }
  const auto place = members.find(object, "value");
  auto value = place ? value_at(members, *place, field) : std::nullopt;
  if (!value) {
    return bad(which + " has no value of its kind");
  }
  return DisclosedField(ShownField{std::move(*value), *salt});
}

Status take_fields(const JsonTape& tape, const Members& members, Disclosure& disclosure) {
  const auto list = members.find(0, "fields");
  if (!list || tape.nodes[*list].kind != NodeKind::kArray) {
    return bad("it has no list of fields");
  }
  for (std::uint32_t object = *list + 1; object < tape.end_of(*list); object = tape.end_of(object)) {
    const auto place = members.find(object, "t");
    const auto number = place ? members.integer_at(*place) : std::nullopt;
    if (!number || *number < 1 || *number > 255) {
      return bad("a field has no number");
    }
    const auto field = static_cast<std::uint8_t>(*number);
    Result<DisclosedField> what = field_at(members, object, field);
    if (!what) {
      return what.error();
    }
    disclosure.fields[field] = std::move(*what);
  }
  for (std::uint8_t field = 1; field <= kAlwaysDisclosed; ++field) {
    const auto found = disclosure.fields.find(field);
    if (found == disclosure.fields.end() || !std::holds_alternative<ShownField>(found->second)) {
      return bad(std::string(kFieldNames.at(field - 1U)) + " is not shown");
    }
  }
  return {};
}

}  // namespace

Result<Disclosure> parse_disclosure(std::string_view text) {
  if (text.size() > kMostDisclosureBytes) {
    return bad("it has " + std::to_string(text.size()) + " bytes");
  }
  std::string_view rest = text;
  if (!take(rest, R"({"format":"twinlog-disclosure@v1",)")) {
    return bad("it does not begin with the format twinlog-disclosure@v1");
  }
  const auto open = take(rest, R"("open":)") ? take_text(rest) : std::nullopt;
  auto leaf = open ? from_base64(*open) : std::nullopt;
  auto note = take(rest, R"(,"note":)") ? take_text(rest) : std::nullopt;
  if (!leaf || !note || !take(rest, ",")) {
    return bad("it has no OPEN leaf in base64, or no note of size 1 behind it");
  }
  const auto tape = parse_json("{" + std::string(rest));
  if (!tape || tape->mended_count != 0) {
    return bad("its fields are not JSON of events");
  }
  Disclosure disclosure{.open = std::move(*leaf), .note = std::move(*note)};
  if (Status taken = take_fields(*tape, Members(*tape), disclosure); !taken) {
    return taken.error();
  }
  const std::string again = disclosure_text(disclosure);
  if (again != text && std::string_view(again).substr(0, again.size() - 1) != text) {
    return bad("it is not in the form that it would be written in");
  }
  return disclosure;
}

}  // namespace twinlog
