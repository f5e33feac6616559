#include "tests/fuzz/event_properties.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "ledger/record/canonical.h"
#include "ledger/record/json_events.h"
#include "ledger/record/json_number.h"
#include "ledger/record/json_tape.h"
#include "ledger/record/metadata_limits.h"
#include "ledger/record/redaction.h"
#include "ledger/record/secret_key.h"
#include "ledger/record/timestamp.h"
#include "ledger/record/utf8.h"
#include "ledger/record/version_json.h"
#include "tests/fuzz/require.h"

namespace twinlog::fuzz {
namespace {

constexpr std::size_t kMostEventBytes = 64U << 10U;

/// Inputs found once are found again.
class SameRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override { std::fill(bytes.begin(), bytes.end(), std::uint8_t{0x5A}); }
};

struct Limit {
  std::optional<std::string> AuthEvent::*place;
  std::size_t most_bytes;
};
// From the table of docs/EVENTS.md, by hand.
constexpr auto kLimits = std::to_array<Limit>({
    {&AuthEvent::organisation_id, 128},
    {&AuthEvent::user_id, 128},
    {&AuthEvent::username, 256},
    {&AuthEvent::actor_id, 128},
    {&AuthEvent::ip, 45},
    {&AuthEvent::remote_host, 253},
    {&AuthEvent::user_agent, 1024},
    {&AuthEvent::channel, 7},
    {&AuthEvent::service, 128},
    {&AuthEvent::auth_method, 64},
    {&AuthEvent::failure_reason, 64},
    {&AuthEvent::failure_code, 64},
    {&AuthEvent::session_ref, 128},
    {&AuthEvent::request_id, 128},
    {&AuthEvent::lock_reason, 64},
    {&AuthEvent::reset_reason, 64},
    {&AuthEvent::metadata, 8192},
});

constexpr std::array<std::string_view, 12> kReasons = {
    "not a JSON object",
    "this member comes more than once",
    "only schema_version 1 is known",
    "must be a string of 1 to 128 of the characters A-Z a-z 0-9 . _ : ~ - and no token",
    "is missing and the agent has no default tenant",
    "is not one of the tenants that this agent takes",
    "is missing",
    "must be a string of a lower-case letter and at most 63 more of a-z 0-9 _ .",
    "must be an RFC 3339 time with zone, or epoch milliseconds or seconds",
    "is outside of the years 0001 to 9999",
    "is larger than the limit of 65536 bytes for one event",
    "the line is longer than intake.max_event, 65536 bytes",
};

bool is_clean_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (!step.is_valid || static_cast<std::uint8_t>(text.front()) < 0x20) {
      return false;
    }
    text.remove_prefix(step.size);
  }
  return true;
}

bool holds_secret(std::string_view text) {
  RedactionCounts ignored{};
  return redacted(text, ignored).has_value();
}

bool may_stand_under_secret_key(const JsonTape& tape, KeyKind key, std::uint32_t value) {
  const NodeKind kind = tape.nodes[value].kind;
  return kind == NodeKind::kTrue || kind == NodeKind::kFalse || kind == NodeKind::kNull ||
         (kind == NodeKind::kNumber && is_count(tape.view(value))) ||
         (kind == NodeKind::kString && is_plain_value(key, tape.view(value)));
}

bool is_kept_session(std::string_view text) {
  return text.size() == 37 && text.starts_with("sref:") &&
         text.find_first_not_of("0123456789abcdef", 5) == std::string_view::npos;
}

/// The values of an event's own names, which are redacted only as wholes, and of what is made of them.
bool is_of_a_name(const JsonTape& tape, std::uint32_t value) {
  for (std::uint32_t key = 1; key < value; key = tape.end_of(key + 1)) {
    if (key + 1 == value) {
      const std::string_view name = tape.view(key);
      return name == "username" || name == "user_id" || name == "account";
    }
  }
  return false;
}

/// Walks what is kept, node by node.
void require_no_secret(std::string_view canonical) {
  const auto tape = parse_json(canonical);
  require(tape.has_value() && tape->mended_count == 0, "the canonical content is JSON that needs no mending");
  for (std::uint32_t i = 0; i < tape->nodes.size(); ++i) {
    const NodeKind kind = tape->nodes[i].kind;
    if (kind != NodeKind::kKey && kind != NodeKind::kString) {
      continue;
    }
    require(is_clean_utf8(tape->view(i)), "kept text is valid UTF-8 without C0");
    require(!holds_secret(tape->view(i)) || is_of_a_name(*tape, i), "no kept text holds a secret");
    if (kind == NodeKind::kKey && is_session_key(tape->view(i))) {
      require(tape->nodes[i + 1].kind == NodeKind::kNull || is_kept_session(tape->view(i + 1)),
              "a session id is kept as a hash only");
    } else if (kind == NodeKind::kKey && is_secret_key(tape->view(i))) {
      require(may_stand_under_secret_key(*tape, key_kind(tape->view(i)), i + 1),
              "a value under a secret's key is redacted or plain");
    }
  }
}

class Rebuild final : public JsonVisitor {
 public:
  void begin_object() override { builder_.begin_object(); }
  void end_object() override { builder_.end_object(); }
  void begin_array() override { builder_.begin_array(); }
  void end_array() override { builder_.end_array(); }
  void key(std::string_view name) override { builder_.key(name); }
  void string(std::string_view value) override { builder_.string(value); }
  void integer(std::int64_t value) override { builder_.integer(value); }
  void number(double value) override { builder_.number(value); }
  void boolean(bool value) override { builder_.boolean(value); }
  void null() override { builder_.null(); }
  std::string take() { return builder_.take(); }

 private:
  CanonicalJsonBuilder builder_;
};

void require_metadata(const std::string& json) {
  const auto tape = parse_json(json);
  require(tape && tape->depth <= kMostMetadataDepth, "metadata keeps its depth");
  Rebuild rebuild;
  require(visit_json(json, rebuild).ok() && rebuild.take() == json, "metadata survives a walk through a store's form");
}

void require_stable(const AcceptedEvent& kept, const EventReader& reader) {
  Version version;
  version.event = kept.event;
  version.content_hash = kept.content_hash;
  std::string line;
  append_version_line(line, version, VersionMembers::kSendable);
  EventReader::RequestContext request;
  const ReadOutcome again = reader.read_event(line, request);
  const auto* accepted = std::get_if<AcceptedEvent>(&again);
  require(accepted != nullptr, "what was kept is accepted when it is sent again");
  if (accepted->canonical != kept.canonical) {
    std::fprintf(stderr, "--- kept:\n%s\n--- and when sent again:\n%s\n---\n", kept.canonical.c_str(),
                 accepted->canonical.c_str());
  }
  require(accepted->canonical == kept.canonical, "what was kept is kept unchanged when it is sent again");
}

}  // namespace

void require_normalised(const AcceptedEvent& accepted, const EventReader& reader) {
  const AuthEvent& event = accepted.event;
  require(canonical_content(event) == accepted.canonical, "the canonical bytes are those of the event");
  require(content_hash(accepted.canonical) == accepted.content_hash, "the hash is that of the canonical bytes");
  const auto parsed = parse_content(accepted.canonical);
  require(parsed.has_value() && *parsed == event, "the canonical bytes read back to the same event");
  require(!event.tenant_id.empty() && event.tenant_id.size() <= 128, "the tenant keeps its limit");
  require(!event.log_id.empty() && event.log_id.size() <= 128, "the log id keeps its limit");
  require(!event.event_type.empty() && event.event_type.size() <= 64, "the event type keeps its limit");
  require(event.occurred_at >= kEarliestTime && event.occurred_at <= kLatestTime, "the time keeps its range");
  require(std::is_sorted(event.repaired.begin(), event.repaired.end()), "repaired is sorted");
  require(std::adjacent_find(event.repaired.begin(), event.repaired.end()) == event.repaired.end(),
          "repaired names each field once");
  for (const Limit& limit : kLimits) {
    const auto& text = event.*limit.place;
    require(!text || (!text->empty() && text->size() <= limit.most_bytes), "an optional text keeps its limit");
  }
  require_no_secret(accepted.canonical);
  if (event.metadata) {
    require_metadata(*event.metadata);
  }
  require_stable(accepted, reader);
}

void require_silent(const Rejection& rejection) {
  require(std::find(kReasons.begin(), kReasons.end(), rejection.reason) != kReasons.end(),
          "a reason is one of ours, word for word");
  require(rejection.field.size() <= 64 && is_clean_utf8(rejection.field) && !holds_secret(rejection.field),
          "the name of the field is short, clean and no secret");
}

void require_sound(const ReadOutcome& outcome, const EventReader& reader) {
  if (const auto* accepted = std::get_if<AcceptedEvent>(&outcome)) {
    require_normalised(*accepted, reader);
  } else {
    require_silent(std::get<Rejection>(outcome));
  }
}

EventReaderSettings reader_settings() {
  static SameRandom random;
  EventReaderSettings settings;
  settings.max_event = kMostEventBytes;
  settings.default_tenant = "acme";
  settings.log_id_key = std::string(32, 'k');
  settings.random = &random;
  return settings;
}

}  // namespace twinlog::fuzz
