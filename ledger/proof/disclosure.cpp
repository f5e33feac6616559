#include "ledger/proof/disclosure.h"

#include <cstdlib>

#include "ledger/base/base64.h"
#include "ledger/leaf/field_table.h"
#include "ledger/record/json_writer.h"

namespace twinlog {
namespace {

bool is_number(std::uint8_t field) {
  return field == kFieldOccurredAt || field == kFieldFailedLoginAttempts || field == kFieldAccountLockedUntil;
}

bool is_json(std::uint8_t field) {
  return field == kFieldMetadata || field == kFieldRepaired;
}

void append_value(std::string& out, std::uint8_t field, const std::string& value) {
  if (is_number(field)) {
    out.append(std::to_string(static_cast<std::int64_t>(get_u64(value))));
  } else if (is_json(field)) {
    out.append(value);
  } else {
    append_json_string(out, value);
  }
}

void append_field(std::string& out, std::uint8_t field, const DisclosedField& what) {
  out.append(R"({"t":)").append(std::to_string(field));
  if (const auto* shown = std::get_if<ShownField>(&what)) {
    out.append(R"(,"name":")").append(kFieldNames.at(field - 1U)).append(R"(","value":)");
    append_value(out, field, shown->value);
    out.append(R"(,"salt":")").append(hex(shown->salt)).append(R"("})");
  } else {
    out.append(R"(,"commitment":")").append(hex(std::get<Digest>(what))).append(R"("})");
  }
}

bool is_shown(const std::set<std::uint8_t>& shown, std::uint8_t field) {
  return field <= kAlwaysDisclosed || shown.contains(field);
}

}  // namespace

std::map<std::uint8_t, DisclosedField> disclose(const AuthEvent& event, const RecordKey& key,
                                                const std::set<std::uint8_t>& shown) {
  return disclose(event, kept_after(event, key, {}), shown);
}

std::map<std::uint8_t, DisclosedField> disclose(const AuthEvent& event, const KeptFields& kept,
                                                const std::set<std::uint8_t>& shown) {
  std::map<std::uint8_t, DisclosedField> fields;
  for (const auto& [field, what] : kept) {
    const auto* salt = std::get_if<Salt>(&what);
    std::optional<std::string> value = field <= kFields ? field_value(event, field) : std::nullopt;
    if (salt == nullptr) {
      fields[field] = std::get<Digest>(what);
    } else if (value && is_shown(shown, field)) {
      fields[field] = ShownField{std::move(*value), *salt};
    } else {
      fields[field] = commitment(field, *salt, value.value_or(std::string()));
    }
  }
  return fields;
}

std::string disclosure_text(const Disclosure& disclosure) {
  std::string out = R"({"format":"twinlog-disclosure@v1","open":")" + base64(disclosure.open) + R"(","note":)";
  append_json_string(out, disclosure.note);
  out.append(R"(,"fields":[)");
  bool is_first = true;
  for (const auto& [field, what] : disclosure.fields) {
    out.append(is_first ? "" : ",");
    append_field(out, field, what);
    is_first = false;
  }
  return out + "]}\n";
}

Digest content_root(const Disclosure& disclosure) {
  std::map<std::uint8_t, Digest> commitments;
  for (const auto& [field, what] : disclosure.fields) {
    const auto* shown = std::get_if<ShownField>(&what);
    commitments[field] = shown != nullptr ? commitment(field, shown->salt, shown->value) : std::get<Digest>(what);
  }
  return content_root(commitments);
}

}  // namespace twinlog
