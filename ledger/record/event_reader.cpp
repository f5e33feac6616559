#include "ledger/record/event_reader.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include "ledger/record/canonical.h"
#include "ledger/record/document_split.h"
#include "ledger/record/event_fields.h"
#include "ledger/record/event_identity.h"
#include "ledger/record/event_members.h"
#include "ledger/record/json_tape.h"
#include "ledger/record/log_id.h"
#include "ledger/record/sent_again.h"

namespace twinlog {
namespace {

std::string made_log_id(const AuthEvent& event, const EventReaderSettings& settings,
                        const EventReader::RequestContext& request, std::uint64_t place) {
  if (!request.idempotency_key.empty()) {
    return keyed_log_id(settings.log_id_key, event.occurred_at,
                        {.tenant_id = event.tenant_id, .idempotency_key = request.idempotency_key, .place = place});
  }
  if (settings.random == nullptr) {
    std::abort();
  }
  return drawn_log_id(event.occurred_at, *settings.random);
}

AcceptedEvent accepted(AuthEvent event) {
  AcceptedEvent accepted;
  accepted.event = std::move(event);
  accepted.canonical = canonical_content(accepted.event);
  accepted.content_hash = content_hash(accepted.canonical);
  return accepted;
}

// The record that the line claims to be; nothing when it claims nothing, or its content has another hash.
std::optional<AcceptedEvent> record_sent_again(const JsonTape& tape, const EventMembers& members,
                                               const EventIdentity& identity, ReadCounts& counts) {
  auto claim = sent_again(tape, members);
  if (!claim || identity.log_id.empty()) {
    return std::nullopt;
  }
  JsonTape copy = tape;
  ReadCounts after = counts;
  AuthEvent event = fill_event(copy, members.of_record(claim->remote_host), identity, after);
  event.repaired = std::move(claim->repaired);
  AcceptedEvent record = accepted(std::move(event));
  if (record.content_hash != claim->content_hash) {
    return std::nullopt;
  }
  counts = after;
  return record;
}

// What an event is when its raw text has been parsed.
ReadOutcome read_parsed(JsonTape& tape, const EventReaderSettings& settings, EventReader::RequestContext& request,
                        std::uint64_t place) {
  auto members = EventMembers::collect(tape);
  if (auto* rejection = std::get_if<Rejection>(&members)) {
    return std::move(*rejection);
  }
  auto& known = std::get<EventMembers>(members);
  auto identity = read_identity(tape, known, settings);
  if (auto* rejection = std::get_if<Rejection>(&identity)) {
    return std::move(*rejection);
  }
  auto& who = std::get<EventIdentity>(identity);
  if (auto record = record_sent_again(tape, known, who, request.counts)) {
    return *std::move(record);
  }
  AuthEvent event = fill_event(tape, known, std::move(who), request.counts);
  if (event.log_id.empty()) {
    event.log_id = made_log_id(event, settings, request, place);
  }
  return accepted(std::move(event));
}

// Nothing when the text is not JSON.
std::optional<ReadOutcome> read_text(std::string_view json, const EventReaderSettings& settings,
                                     EventReader::RequestContext& request) {
  const std::uint64_t place = request.next_place++;
  if (json.size() > settings.max_event) {
    return larger_than(settings.max_event);
  }
  auto tape = parse_json(json);
  return tape ? std::optional(read_parsed(*tape, settings, request, place)) : std::nullopt;
}

}  // namespace

std::string_view repair_rule_text(RepairRule rule) {
  static constexpr auto kTexts = std::to_array<std::string_view>(
      {"characters", "cut", "wrong_value", "unknown_member", "number", "repeated_key", "seconds", "metadata_limit"});
  static_assert(kTexts.size() == kRepairRules);
  return kTexts[static_cast<std::size_t>(rule)];
}

ReadOutcome EventReader::read_event(std::string_view json, RequestContext& request) const {
  auto outcome = read_text(json, settings_, request);
  return outcome ? std::move(*outcome) : Rejection{RejectionCause::kNotJson, "", "not a JSON object"};
}

std::optional<UtcMicros> EventReader::time_of(std::string_view json) const {
  const auto tape = json.size() <= settings_.max_event ? parse_json(json) : std::nullopt;
  if (!tape) {
    return std::nullopt;
  }
  const auto members = EventMembers::collect(*tape);
  if (!std::holds_alternative<EventMembers>(members)) {
    return std::nullopt;
  }
  EventReaderSettings anyone;
  anyone.default_tenant = "-";
  const auto identity = read_identity(*tape, std::get<EventMembers>(members), anyone);
  const auto* known = std::get_if<EventIdentity>(&identity);
  return known == nullptr ? std::nullopt : std::optional(known->occurred_at);
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
