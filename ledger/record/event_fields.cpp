#include "ledger/record/event_fields.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "ledger/base/bytes.h"
#include "ledger/record/address.h"
#include "ledger/record/cleanser.h"
#include "ledger/record/folding.h"
#include "ledger/record/json_number.h"
#include "ledger/record/metadata.h"
#include "ledger/record/redaction.h"
#include "ledger/record/timestamp.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

/// What becomes of text over its limit.
enum class LongText : std::uint8_t {
  kCut,
  kMarked,  ///< Cut, with a hash of the whole at its end: two people never become one account.
};
constexpr std::size_t kMarkDigits = 32;

std::string within(std::string_view text, std::size_t most_bytes, LongText when_long) {
  if (when_long == LongText::kCut || text.size() <= most_bytes) {
    return std::string(cut_text(text, most_bytes));
  }
  std::string marked(cut_text(text, most_bytes - kMarkDigits - 1));
  return marked.append("~").append(hex(sha256(text)), 0, kMarkDigits);
}

/// Members that are text and nothing else.
struct TextField {
  Member member;
  std::optional<std::string> AuthEvent::*place;
  std::size_t most_bytes;
  LongText when_long = LongText::kCut;
};
constexpr auto kTextFields = std::to_array<TextField>({
    {Member::kUserId, &AuthEvent::user_id, 128, LongText::kMarked},
    {Member::kUsername, &AuthEvent::username, 256, LongText::kMarked},
    {Member::kActorId, &AuthEvent::actor_id, 128},
    {Member::kUserAgent, &AuthEvent::user_agent, 1024},
    {Member::kService, &AuthEvent::service, 128},
    {Member::kAuthMethod, &AuthEvent::auth_method, 64},
    {Member::kFailureReason, &AuthEvent::failure_reason, 64},
    {Member::kFailureCode, &AuthEvent::failure_code, 64},
    {Member::kSessionRef, &AuthEvent::session_ref, 128},
    {Member::kRequestId, &AuthEvent::request_id, 128},
    {Member::kLockReason, &AuthEvent::lock_reason, 64},
    {Member::kResetReason, &AuthEvent::reset_reason, 64},
});

class EventFiller {
 public:
  EventFiller(JsonTape& tape, const EventMembers& members, EventIdentity identity, ReadCounts& counts)
      : tape_(tape),
        members_(members),
        counts_(counts),
        cleanser_(tape, identity.tenant_id, counts),
        movers_(members.unknown_keys()) {
    counts_.add(RepairRule::kUnknownMember, movers_.size());
    if (identity.has_spare_alias) {
      move(Member::kOrganizationId, RepairRule::kUnknownMember);
    }
    event_.tenant_id = std::move(identity.tenant_id);
    event_.log_id = std::move(identity.log_id);
    event_.event_type = std::move(identity.event_type);
    event_.occurred_at = identity.occurred_at;
    if (identity.is_in_seconds) {
      note_seconds(Member::kOccurredAt);
    }
    event_.organisation_id = std::move(identity.organisation_id);
  }

  AuthEvent fill() && {
    for (const TextField& field : kTextFields) {
      text(field);
    }
    session_id();
    address();
    channel();
    failed_login_attempts();
    account_locked_until();
    lock_kind();
    metadata();
    event_.account = account_of(event_);
    std::sort(event_.repaired.begin(), event_.repaired.end());
    return std::move(event_);
  }

 private:
  NodeKind kind(std::uint32_t value) const { return tape_.nodes[value].kind; }
  void note_repair(std::string_view name) { event_.repaired.emplace_back(name); }

  // The member goes where unknown ones go.
  void move(Member member, RepairRule rule) {
    movers_.push_back(*members_.value(member) - 1);
    counts_.add(rule);
  }
  void move_as_wrong(Member member) {
    move(member, RepairRule::kWrongValue);
    note_repair(member_name(member));
  }

  void note_seconds(Member member) {
    counts_.add(RepairRule::kSeconds);
    note_repair(member_name(member));
  }

  // Cleaned text within a limit. What is cut may look like a secret that the whole did not, so it is cleaned again.
  std::string kept_text(std::uint32_t value, const TextField& field, std::string_view name) {
    const bool is_typed = field.member == Member::kUserId || field.member == Member::kUsername;
    const bool is_changed = is_typed ? cleanser_.clean_name(value) : cleanser_.clean_value(value);
    const std::string_view whole = tape_.view(value);
    std::string kept = within(whole, field.most_bytes, field.when_long);
    const bool is_cut = kept != whole;
    if (is_cut) {
      counts_.add(RepairRule::kCut);
    }
    const auto clean = is_typed ? redacted_name : redacted;
    while (const auto cleaned = clean(kept, counts_.redactions)) {
      kept = cut_text(*cleaned, field.most_bytes);
    }
    if (is_changed || is_cut) {
      note_repair(name);
    }
    return kept;
  }

  void text(const TextField& field) {
    const auto value = members_.value(field.member);
    if (!value) {
      return;
    }
    if (kind(*value) != NodeKind::kString) {
      move_as_wrong(field.member);
      return;
    }
    event_.*field.place = kept_text(*value, field, member_name(field.member));
  }

  void session_id() {
    const auto value = members_.value(Member::kSessionId);
    if (!value) {
      return;
    }
    if (event_.session_ref) {
      move(Member::kSessionId, RepairRule::kUnknownMember);
    } else {
      event_.session_ref = cleanser_.session_ref(*value);
    }
  }

  void address() {
    if (const auto host = members_.remote_host()) {
      remote_host(*host);
      return;
    }
    const auto value = members_.value(Member::kIp);
    if (!value) {
      return;
    }
    if (kind(*value) != NodeKind::kString) {
      move_as_wrong(Member::kIp);
      return;
    }
    event_.ip = normal_address(tape_.view(*value));
    if (!event_.ip) {
      remote_host(*value);
    }
  }

  void remote_host(std::uint32_t value) {
    constexpr TextField kHost{Member::kIp, &AuthEvent::remote_host, 253};
    event_.remote_host = kept_text(value, kHost, "remote_host");
  }

  void channel() {
    const auto value = members_.value(Member::kChannel);
    if (!value) {
      return;
    }
    const bool is_listed = kind(*value) == NodeKind::kString &&
                           std::find(kChannels.begin(), kChannels.end(), tape_.view(*value)) != kChannels.end();
    if (is_listed) {
      event_.channel.emplace(tape_.view(*value));
    } else {
      move_as_wrong(Member::kChannel);
    }
  }

  void failed_login_attempts() {
    const auto value = members_.value(Member::kFailedLoginAttempts);
    if (!value) {
      return;
    }
    const auto count = kind(*value) == NodeKind::kNumber ? integer_value(tape_.view(*value)) : std::nullopt;
    if (count && *count >= 0 && *count <= std::numeric_limits<std::int32_t>::max()) {
      event_.failed_login_attempts = static_cast<std::int32_t>(*count);
    } else {
      move_as_wrong(Member::kFailedLoginAttempts);
    }
  }

  void account_locked_until() {
    const auto value = members_.value(Member::kAccountLockedUntil);
    if (!value) {
      return;
    }
    std::optional<ReadTime> time;
    bool is_in_seconds = false;
    if (kind(*value) == NodeKind::kString) {
      const std::string_view text = tape_.view(*value);
      time = is_infinity(text) ? ReadTime{TimeRange::kBeyond, 0} : rfc3339_time(text);
    } else if (kind(*value) == NodeKind::kNumber) {
      const EpochTime number = epoch_time(tape_.view(*value));
      time = number.time;
      is_in_seconds = number.is_seconds;
    }
    if (!time || time->range == TimeRange::kBefore) {
      move_as_wrong(Member::kAccountLockedUntil);
      return;
    }
    event_.account_locked_until = time->range == TimeRange::kBeyond ? kLatestTime : time->micros;
    if (is_in_seconds) {
      note_seconds(Member::kAccountLockedUntil);
    }
  }

  void lock_kind() {
    const auto value = members_.value(Member::kLockKind);
    if (!value) {
      return;
    }
    const std::string_view text = kind(*value) == NodeKind::kString ? tape_.view(*value) : std::string_view();
    if (text == lock_kind_text(LockKind::kTemporary)) {
      event_.lock_kind = LockKind::kTemporary;
    } else if (text == lock_kind_text(LockKind::kPermanent)) {
      event_.lock_kind = LockKind::kPermanent;
    } else if (text != lock_kind_text(LockKind::kNone)) {
      move_as_wrong(Member::kLockKind);
    }
  }

  void metadata() {
    auto object = members_.value(Member::kMetadata);
    if (object && kind(*object) != NodeKind::kObject) {
      move(Member::kMetadata, RepairRule::kWrongValue);
      object.reset();
    }
    if (!object && movers_.empty()) {
      return;
    }
    const bool is_cleaned = object && cleanser_.clean_value(*object);
    clean_movers();
    Metadata metadata = assemble_metadata(tape_, object, movers_);
    if (metadata.has_repeated_key) {
      counts_.add(RepairRule::kRepeatedKey);
    }
    if (metadata.is_over_limits) {
      counts_.add(RepairRule::kMetadataLimit);
    }
    event_.metadata = std::move(metadata.json);
    if (is_cleaned || !movers_.empty() || metadata.has_repeated_key || metadata.is_over_limits) {
      note_repair(member_name(Member::kMetadata));
    }
  }

  // Sorted by the names that were sent, then by those that redaction has left: the order of members does not matter.
  void clean_movers() {
    const auto by_name = [this](std::uint32_t left, std::uint32_t right) {
      return tape_.view(left) < tape_.view(right);
    };
    std::sort(movers_.begin(), movers_.end(), by_name);
    for (const std::uint32_t key : movers_) {
      cleanser_.clean_member(key);
    }
    std::stable_sort(movers_.begin(), movers_.end(), by_name);
  }

  JsonTape& tape_;
  const EventMembers& members_;
  ReadCounts& counts_;
  Cleanser cleanser_;
  AuthEvent event_;
  std::vector<std::uint32_t> movers_;  // Keys.
};

}  // namespace

AuthEvent fill_event(JsonTape& tape, const EventMembers& members, EventIdentity identity, ReadCounts& counts) {
  return EventFiller(tape, members, std::move(identity), counts).fill();
}

}  // namespace twinlog
