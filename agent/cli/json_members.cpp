#include "agent/cli/json_members.h"

namespace twinlog {

std::optional<rapidjson::Document> parse_object(std::string_view json) {
  rapidjson::Document document;
  // Iterative: the depth of what came must not become the depth of our stack.
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (json.find('\0') != std::string_view::npos || document.HasParseError() || !document.IsObject()) {
    return std::nullopt;
  }
  return document;
}

const rapidjson::Value* find_member(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  return member == object.MemberEnd() ? nullptr : &member->value;
}

const rapidjson::Value* object_member(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* const value = find_member(object, name);
  return value != nullptr && value->IsObject() ? value : nullptr;
}

std::string_view text_member(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* const value = find_member(object, name);
  return value != nullptr && value->IsString() ? std::string_view(value->GetString(), value->GetStringLength())
                                               : std::string_view();
}

std::uint64_t count_member(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* const value = find_member(object, name);
  return value != nullptr && value->IsUint64() ? value->GetUint64() : 0;
}

std::optional<double> number_member(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* const value = find_member(object, name);
  return value != nullptr && value->IsNumber() ? std::optional(value->GetDouble()) : std::nullopt;
}

bool is_member_true(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* const value = find_member(object, name);
  return value != nullptr && value->IsTrue();
}

}  // namespace twinlog
