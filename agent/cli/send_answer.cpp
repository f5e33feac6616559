#include "agent/cli/send_answer.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <utility>

namespace twinlog {
namespace {

constexpr std::array<std::pair<std::string_view, AnswerStatus>, 5> kStatuses{{{"stored", AnswerStatus::kStored},
                                                                              {"duplicate", AnswerStatus::kDuplicate},
                                                                              {"conflict", AnswerStatus::kConflict},
                                                                              {"rejected", AnswerStatus::kRejected},
                                                                              {"busy", AnswerStatus::kBusy}}};

// Iterative: the depth of a line must not become the depth of our stack.
constexpr unsigned kParseFlags = rapidjson::kParseIterativeFlag;

/// Null when there is none.
const rapidjson::Value* find_member(const rapidjson::Value& object, const char* name) {
  return object.HasMember(name) ? &object[name] : nullptr;
}

std::string_view text_member(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* member = find_member(object, name);
  return member != nullptr && member->IsString() ? std::string_view(member->GetString(), member->GetStringLength())
                                                 : std::string_view();
}

}  // namespace

std::optional<Answer> parse_answer(std::string_view line) {
  rapidjson::Document document;
  document.Parse<kParseFlags>(line.data(), line.size());
  if (document.HasParseError() || !document.IsObject()) {
    return std::nullopt;
  }
  const std::string_view status = text_member(document, "status");
  const auto* const known =
      std::find_if(kStatuses.begin(), kStatuses.end(), [&](const auto& entry) { return entry.first == status; });
  if (known == kStatuses.end()) {
    return std::nullopt;
  }
  Answer answer;
  answer.status = known->second;
  if (const rapidjson::Value* error = find_member(document, "error"); error != nullptr && error->IsObject()) {
    answer.field = text_member(*error, "field");
    answer.reason = text_member(*error, "reason");
  }
  if (const rapidjson::Value* wait = find_member(document, "retry_after_ms"); wait != nullptr && wait->IsUint()) {
    answer.retry_after = std::chrono::milliseconds{wait->GetUint()};
  }
  answer.retry_after = std::clamp(answer.retry_after, kBusyWaitLeast, kBusyWaitMost);
  return answer;
}

bool has_log_id(std::string_view event) {
  rapidjson::Document document;
  document.Parse<kParseFlags>(event.data(), event.size());
  return !document.HasParseError() && document.IsObject() && !text_member(document, "log_id").empty();
}

}  // namespace twinlog
