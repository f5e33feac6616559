// Members of a JSON object that another process wrote: one that is absent or of another type counts as empty. For .cpp
// files of this folder.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace twinlog {

/// The object that `json` is; nothing when it is none, or holds a NUL, behind which the parser would not look. Any
/// depth.
std::optional<rapidjson::Document> parse_object(std::string_view json);

/// Null when there is none of that name.
const rapidjson::Value* find_member(const rapidjson::Value& object, const char* name);
/// Null when it is no object.
const rapidjson::Value* object_member(const rapidjson::Value& object, const char* name);
std::string_view text_member(const rapidjson::Value& object, const char* name);
std::uint64_t count_member(const rapidjson::Value& object, const char* name);
std::optional<double> number_member(const rapidjson::Value& object, const char* name);
bool is_member_true(const rapidjson::Value& object, const char* name);

}  // namespace twinlog
