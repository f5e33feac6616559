#include "ledger/record/version_json.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <variant>

#include "ledger/record/ascii.h"
#include "ledger/record/content_fields.h"
#include "ledger/record/inert_json.h"
#include "ledger/record/json_number.h"
#include "ledger/record/json_writer.h"

namespace twinlog {
namespace {

using Members = std::map<std::string_view, std::string>;  ///< Name to JSON, in the order of names.

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string json_time(UtcMicros time) {
  return json_text(utc_micros_text(time));
}

std::string json_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out.append(out.empty() ? "[" : ",").append(json_text(name));
  }
  return out + "]";
}

/// The JSON of one field; "" when it is absent.
class FieldJson {
 public:
  explicit FieldJson(const AuthEvent& event) : event_(event) {}

  std::string operator()(RequiredText field) const { return json_text(event_.*field.place); }
  std::string operator()(OptionalText field) const {
    return event_.*field.place ? json_text(*(event_.*field.place)) : "";
  }
  std::string operator()(OptionalJson field) const { return (event_.*field.place).value_or(""); }
  std::string operator()(RequiredTime field) const { return json_time(event_.*field.place); }
  std::string operator()(OptionalTime field) const {
    return event_.*field.place ? json_time(*(event_.*field.place)) : "";
  }
  std::string operator()(OptionalCount field) const {
    return event_.*field.place ? std::to_string(*(event_.*field.place)) : "";
  }
  std::string operator()(OptionalLockKind field) const {
    return event_.*field.place ? json_text(lock_kind_text(*(event_.*field.place))) : "";
  }
  std::string operator()(NameList field) const {
    return (event_.*field.place).empty() ? "" : json_names(event_.*field.place);
  }

 private:
  const AuthEvent& event_;
};

// Canonical JSON writes a double such as 1e20 as the integer that it is; sent so, it would be one out of range.
std::string with_marked_doubles(std::string_view json) {
  std::string out;
  out.reserve(json.size() + 16);
  std::size_t at = 0;
  while (at < json.size()) {
    std::size_t end = at + 1;
    if (json[at] == '"') {
      while (json[end] != '"') {
        end += json[end] == '\\' ? 2U : 1U;
      }
      ++end;
    } else if (is_digit(json[at])) {
      end = std::min(json.find_first_not_of("0123456789.e+-", at), json.size());
    }
    const std::string_view token = json.substr(at, end - at);
    out.append(token).append(is_digit(token.front()) && !is_number_in_range(token) ? "e0" : "");
    at = end;
  }
  return out;
}

Members content_members(const AuthEvent& event) {
  Members members;
  for (const ContentField& field : kContentFields) {
    if (std::string json = std::visit(FieldJson(event), field.place); !json.empty()) {
      members.emplace(field.name, std::move(json));
    }
  }
  return members;
}

void add_acceptance(Members& members, const Version& version) {
  members.emplace("agent", json_text(version.agent));
  members.emplace("content_hash", json_text(hex(version.content_hash)));
  members.emplace("effective_at", json_time(version.effective_at));
  members.emplace("epoch_id", json_text(uuid_text(version.epoch_id)));
  members.emplace("leaf_index", std::to_string(version.leaf_index));
  members.emplace("received_at", json_time(version.received_at));
}

/// A sender has one member for addresses and what is none, and the agent makes the account. A record that had been
/// repaired carries the hash that lets it be read as what it is.
void make_sendable(Members& members, const Version& version) {
  members.erase("account");
  if (const auto& json = version.event.metadata) {
    members["metadata"] = with_marked_doubles(*json);
  }
  if (!version.event.repaired.empty()) {
    members.emplace("content_hash", json_text(hex(version.content_hash)));
  } else if (auto host = members.extract("remote_host")) {
    host.key() = "ip";
    members.insert(std::move(host));
  }
}

}  // namespace

void append_version_line(std::string& out, const Version& version, VersionMembers wanted) {
  Members members = content_members(version.event);
  if (wanted == VersionMembers::kAll) {
    add_acceptance(members, version);
  } else if (wanted == VersionMembers::kSendable) {
    make_sendable(members, version);
  }
  std::string line;
  for (const auto& [name, json] : members) {
    line.append(1, line.empty() ? '{' : ',').append(json_text(name)).append(":").append(json);
  }
  out.append(inert_json(line)).append("}\n");
}

}  // namespace twinlog
