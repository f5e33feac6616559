#include "ledger/leaf/field_table.h"

#include <variant>

#include "ledger/record/content_fields.h"
#include "ledger/record/json_writer.h"

namespace twinlog {
namespace {

/// Appends the value of one place; false where it is absent.
struct ValueWriter {
  const AuthEvent& event;
  std::string& out;

  bool operator()(const RequiredText& field) const {
    out.append(event.*field.place);
    return true;
  }
  bool operator()(const OptionalText& field) const { return text(event.*field.place); }
  bool operator()(const OptionalJson& field) const { return text(event.*field.place); }
  bool operator()(const RequiredTime& field) const {
    put_i64(out, event.*field.place);
    return true;
  }
  bool operator()(const OptionalTime& field) const { return number(event.*field.place); }
  bool operator()(const OptionalCount& field) const { return number(event.*field.place); }
  bool operator()(const OptionalLockKind& field) const {
    const std::optional<LockKind>& kind = event.*field.place;
    if (kind) {
      out.append(lock_kind_text(*kind));
    }
    return kind.has_value();
  }
  bool operator()(const NameList& field) const {
    const std::vector<std::string>& names = event.*field.place;
    if (names.empty()) {
      return false;
    }
    char separator = '[';
    for (const std::string& name : names) {
      out.push_back(separator);
      append_json_string(out, name);
      separator = ',';
    }
    out.push_back(']');
    return true;
  }

 private:
  bool text(const std::optional<std::string>& value) const {
    if (value) {
      out.append(*value);
    }
    return value.has_value();
  }
  template <typename Number>
  bool number(const std::optional<Number>& value) const {
    if (value) {
      put_i64(out, static_cast<std::int64_t>(*value));
    }
    return value.has_value();
  }
};

/// Places by field number - 1.
std::array<ContentPlace, kFields> places_by_number() {
  std::array<ContentPlace, kFields> places{};
  for (std::size_t i = 0; i < kFields; ++i) {
    for (const ContentField& field : kContentFields) {
      if (field.name == kFieldNames[i]) {
        places[i] = field.place;
      }
    }
  }
  return places;
}

}  // namespace

std::optional<std::uint8_t> field_number(std::string_view name) {
  for (std::size_t i = 0; i < kFields; ++i) {
    if (kFieldNames[i] == name) {
      return static_cast<std::uint8_t>(i + 1);
    }
  }
  return std::nullopt;
}

bool append_field_value(const AuthEvent& event, std::uint8_t field, std::string& out) {
  static const std::array<ContentPlace, kFields> places = places_by_number();
  return std::visit(ValueWriter{event, out}, places.at(field - 1U));
}

std::optional<std::string> field_value(const AuthEvent& event, std::uint8_t field) {
  std::string value;
  return append_field_value(event, field, value) ? std::optional(std::move(value)) : std::nullopt;
}

}  // namespace twinlog
