#include "tests/record/read_support.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace twinlog::testing {

void SameRandom::fill(std::span<std::uint8_t> bytes) {
  std::fill(bytes.begin(), bytes.end(), std::uint8_t{0x5A});
}

EventReaderSettings test_settings() {
  static SameRandom random;
  EventReaderSettings settings;
  settings.log_id_key = std::string(32, 'k');
  settings.random = &random;
  return settings;
}

std::string event_with(std::string_view members) {
  std::string json = R"({"tenant_id":"t","log_id":"l","event_type":"login_failed","occurred_at":1700000000000)";
  if (!members.empty()) {
    json.append(",").append(members);
  }
  return json.append("}");
}

ReadOutcome read(std::string_view json, ReadCounts* counts) {
  const EventReader reader(test_settings());
  EventReader::RequestContext request;
  ReadOutcome outcome = reader.read_event(json, request);
  if (counts != nullptr) {
    *counts = request.counts;
  }
  return outcome;
}

std::string stored(std::string_view members) {
  ReadOutcome outcome = read(event_with(members));
  if (const auto* rejection = std::get_if<Rejection>(&outcome)) {
    return "rejected: " + rejection->field + ": " + rejection->reason;
  }
  std::string content = std::move(std::get<AcceptedEvent>(outcome).canonical);
  for (const std::string_view part : {R"("event_type":"login_failed")", R"("log_id":"l")",
                                      R"("occurred_at":1700000000000000)", R"("tenant_id":"t")"}) {
    const std::size_t place = content.find(part);
    content.erase(place, part.size());
    // One of the commas around it goes with it.
    if (content[place] == ',') {
      content.erase(place, 1);
    } else if (content[place - 1] == ',') {
      content.erase(place - 1, 1);
    }
  }
  return content;
}

std::string refusal(std::string_view json) {
  const ReadOutcome outcome = read(json);
  const auto* rejection = std::get_if<Rejection>(&outcome);
  return rejection == nullptr ? "taken" : rejection->field + ": " + rejection->reason;
}

}  // namespace twinlog::testing
