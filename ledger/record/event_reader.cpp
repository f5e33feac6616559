#include "ledger/record/event_reader.h"

#include <optional>
#include <utility>

#include "ledger/record/canonical.h"
#include "ledger/record/document_split.h"
#include "ledger/record/event_fields.h"
#include "ledger/record/event_identity.h"
#include "ledger/record/event_members.h"
#include "ledger/record/json_tape.h"
#include "ledger/record/uuid8.h"

namespace twinlog {
namespace {

Rejection too_large(std::size_t limit) {
  return {RejectionCause::kTooLong, "",
          "is larger than the limit of " + std::to_string(limit) + " bytes for one event"};
}

// What an event is when its raw text has been parsed.
ReadOutcome read_parsed(JsonTape& tape, const EventReaderSettings& settings, EventReader::RequestContext& request) {
  auto members = EventMembers::collect(tape);
  if (auto* rejection = std::get_if<Rejection>(&members)) {
    return std::move(*rejection);
  }
  auto& known = std::get<EventMembers>(members);
  auto identity = read_identity(tape, known, settings);
  if (auto* rejection = std::get_if<Rejection>(&identity)) {
    return std::move(*rejection);
  }
  AcceptedEvent accepted;
  accepted.event = fill_event(tape, known, std::move(std::get<EventIdentity>(identity)), request.counts);
  accepted.canonical = canonical_content(accepted.event);
  if (accepted.event.log_id.empty()) {
    const std::uint64_t running_number = request.equal_events_seen[content_hash(accepted.canonical)]++;
    accepted.event.log_id =
        generated_log_id(settings.log_id_key, accepted.event.occurred_at, accepted.canonical, running_number);
    accepted.canonical = canonical_content(accepted.event);
  }
  accepted.content_hash = content_hash(accepted.canonical);
  return accepted;
}

// Nothing when the text is not JSON.
std::optional<ReadOutcome> read_text(std::string_view json, const EventReaderSettings& settings,
                                     EventReader::RequestContext& request) {
  if (json.size() > settings.max_event) {
    return too_large(settings.max_event);
  }
  auto tape = parse_json(json);
  return tape ? std::optional(read_parsed(*tape, settings, request)) : std::nullopt;
}

}  // namespace

std::string_view repair_rule_text(RepairRule rule) {
  static constexpr auto kTexts = std::to_array<std::string_view>(
      {"characters", "cut", "wrong_value", "unknown_member", "number", "repeated_key", "metadata_limit"});
  static_assert(kTexts.size() == kRepairRules);
  return kTexts[static_cast<std::size_t>(rule)];
}

ReadOutcome EventReader::read_event(std::string_view json, RequestContext& request) const {
  auto outcome = read_text(json, settings_, request);
  return outcome ? std::move(*outcome) : Rejection{RejectionCause::kNotJson, "", "not a JSON object"};
}

Result<std::vector<ReadOutcome>> EventReader::read_document(std::string_view json, std::size_t most_events,
                                                            RequestContext& request) const {
  const std::string_view whole = without_outer_space(json);
  ArrayElements parts;
  if (whole.starts_with('[')) {
    auto split = split_array(whole, most_events);
    if (!split) {
      return Error(ErrorKind::kInvalid, "the body is not JSON");
    }
    parts = std::move(*split);
  } else {
    parts.elements.push_back(whole);
    parts.has_more = most_events == 0;
  }
  if (parts.has_more) {
    return Error(ErrorKind::kFull, "the request holds more than " + std::to_string(most_events) + " events");
  }
  RequestContext after = request;  // A broken element makes the whole request void, counts and all.
  std::vector<ReadOutcome> outcomes;
  outcomes.reserve(parts.elements.size());
  for (const std::string_view element : parts.elements) {
    auto outcome = read_text(element, settings_, after);
    if (!outcome) {
      return Error(ErrorKind::kInvalid, "the body is not JSON");
    }
    outcomes.push_back(std::move(*outcome));
  }
  request = std::move(after);
  return outcomes;
}

}  // namespace twinlog
