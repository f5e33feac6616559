#include "agent/cli/send_answer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/cli/json_members.h"

namespace twinlog {
namespace {

constexpr std::array<std::pair<std::string_view, AnswerStatus>, 5> kStatuses{{{"stored", AnswerStatus::kStored},
                                                                              {"duplicate", AnswerStatus::kDuplicate},
                                                                              {"conflict", AnswerStatus::kConflict},
                                                                              {"rejected", AnswerStatus::kRejected},
                                                                              {"busy", AnswerStatus::kBusy}}};

}  // namespace

std::optional<Answer> parse_answer(std::string_view line) {
  const auto document = parse_object(line);
  if (!document) {
    return std::nullopt;
  }
  const std::string_view status = text_member(*document, "status");
  const auto* const known =
      std::find_if(kStatuses.begin(), kStatuses.end(), [&](const auto& entry) { return entry.first == status; });
  if (known == kStatuses.end()) {
    return std::nullopt;
  }
  Answer answer;
  answer.status = known->second;
  if (const rapidjson::Value* error = object_member(*document, "error")) {
    answer.field = text_member(*error, "field");
    answer.reason = text_member(*error, "reason");
  }
  if (const rapidjson::Value* wait = find_member(*document, "retry_after_ms"); wait != nullptr && wait->IsUint()) {
    answer.retry_after = std::chrono::milliseconds{wait->GetUint()};
  }
  answer.retry_after = std::clamp(answer.retry_after, kBusyWaitLeast, kBusyWaitMost);
  return answer;
}

bool has_log_id(std::string_view event) {
  const auto document = parse_object(event);
  return document && !text_member(*document, "log_id").empty();
}

}  // namespace twinlog
