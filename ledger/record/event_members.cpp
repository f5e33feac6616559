#include "ledger/record/event_members.h"

#include <algorithm>
#include <string>

#include "ledger/record/redaction.h"
#include "ledger/record/secret_key.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostShownNameBytes = 64;

constexpr std::array<std::string_view, kMembers> kNames = {
    "account_locked_until",
    "actor_id",
    "auth_method",
    "channel",
    "event_type",
    "failed_login_attempts",
    "failure_code",
    "failure_reason",
    "ip",
    "lock_kind",
    "lock_reason",
    "log_id",
    "metadata",
    "occurred_at",
    "organisation_id",
    "organization_id",
    "request_id",
    "reset_reason",
    "schema_version",
    "service",
    "session_id",
    "session_ref",
    "tenant_id",
    "user_agent",
    "user_id",
    "username",
};
static_assert(std::is_sorted(kNames.begin(), kNames.end()));

std::optional<std::size_t> known_place(std::string_view name) {
  const auto* const found = std::lower_bound(kNames.begin(), kNames.end(), name);
  if (found == kNames.end() || *found != name) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - kNames.begin());
}

// A name of the sender's choice, made fit for an answer.
std::string shown_name(std::string_view name) {
  RedactionCounts ignored{};
  const std::string safe = redacted(name, ignored).value_or(std::string(name));
  return std::string(cut_text(safe, kMostShownNameBytes));
}

}  // namespace

std::string_view member_name(Member member) {
  return kNames[static_cast<std::size_t>(member)];
}

bool is_member_name(std::string_view name) {
  return known_place(name).has_value();
}

EventMembers EventMembers::of_record(std::optional<std::uint32_t> remote_host) const {
  EventMembers members = *this;
  members.unknown_keys_.clear();
  members.remote_host_ = remote_host;
  return members;
}

std::optional<std::uint32_t> EventMembers::value(Member member) const {
  const auto place = static_cast<std::size_t>(member);
  return values_[place] == 0 || is_absent_[place] ? std::nullopt : std::optional(values_[place]);
}

// A session id under another of its names, the first one by name; an empty one is absent like any known member.
void EventMembers::take_session_id(const JsonTape& tape) {
  const auto place = static_cast<std::size_t>(Member::kSessionId);
  std::erase_if(unknown_keys_, [&](std::uint32_t key) {
    if (!is_session_key(tape.view(key))) {
      return false;
    }
    const JsonNode& value = tape.nodes[key + 1];
    const bool is_empty = value.kind == NodeKind::kString && value.size == 0;
    const bool is_taken = !is_empty && (values_[place] == 0 || is_absent_[place]);
    if (is_taken) {
      values_[place] = key + 1;
      is_absent_[place] = false;
    }
    return is_empty || is_taken;
  });
}

std::variant<EventMembers, Rejection> EventMembers::collect(const JsonTape& tape) {
  if (tape.nodes[0].kind != NodeKind::kObject) {
    return Rejection{RejectionCause::kNotAnObject, "", "not a JSON object"};
  }
  EventMembers members;
  std::optional<std::string_view> repeated;  // The first by name, so that the order of members does not matter.
  const auto note_repeated = [&repeated](std::string_view name) {
    repeated = repeated ? std::min(*repeated, name) : name;
  };
  for (std::uint32_t key = 1; key < tape.nodes.size(); key = tape.end_of(key + 1)) {
    const auto place = known_place(tape.view(key));
    if (!place) {
      members.unknown_keys_.push_back(key);
      continue;
    }
    if (members.values_[*place] != 0) {
      note_repeated(tape.view(key));
    }
    const JsonNode& value = tape.nodes[key + 1];
    members.values_[*place] = key + 1;
    members.is_absent_[*place] =
        value.kind == NodeKind::kNull || (value.kind == NodeKind::kString && value.size == 0 &&
                                          *place != static_cast<std::size_t>(Member::kSchemaVersion));
  }
  auto& unknown = members.unknown_keys_;
  std::sort(unknown.begin(), unknown.end(),
            [&tape](std::uint32_t left, std::uint32_t right) { return tape.view(left) < tape.view(right); });
  const auto twice = std::adjacent_find(
      unknown.begin(), unknown.end(),
      [&tape](std::uint32_t left, std::uint32_t right) { return tape.view(left) == tape.view(right); });
  if (twice != unknown.end()) {
    note_repeated(tape.view(*twice));
  }
  if (repeated) {
    return Rejection{RejectionCause::kRepeated, shown_name(*repeated), "this member comes more than once"};
  }
  std::erase_if(unknown, [&tape](std::uint32_t key) { return tape.nodes[key + 1].kind == NodeKind::kNull; });
  members.take_session_id(tape);
  return members;
}

}  // namespace twinlog
