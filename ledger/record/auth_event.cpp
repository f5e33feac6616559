#include "ledger/record/auth_event.h"

namespace twinlog {

std::string_view lock_kind_text(LockKind kind) {
  switch (kind) {
    case LockKind::kTemporary:
      return "temporary";
    case LockKind::kPermanent:
      return "permanent";
    default:
      return "none";
  }
}

EventRole event_role(std::string_view event_type) {
  if (event_type == "login_failed") {
    return EventRole::kFailed;
  }
  if (event_type == "login_success") {
    return EventRole::kSuccess;
  }
  if (event_type == "lockout_reset") {
    return EventRole::kReset;
  }
  return event_type == "account_locked" ? EventRole::kLocked : EventRole::kOther;
}

std::vector<std::string> accounts_of(const AuthEvent& event) {
  const EventRole role = event_role(event.event_type);
  if (role == EventRole::kOther || !event.account) {
    return {};
  }
  std::vector<std::string> accounts{*event.account};
  if (role != EventRole::kFailed && event.user_id && event.username) {
    const std::string folded = fold_username(*event.username);
    if (!folded.empty()) {
      accounts.push_back("name:" + folded);
    }
  }
  return accounts;
}

bool Version::operator==(const Version& other) const {
  return event == other.event && content_hash == other.content_hash && received_at == other.received_at &&
         effective_at == other.effective_at && agent == other.agent && epoch_id == other.epoch_id &&
         leaf_index == other.leaf_index && arrival == other.arrival && ledger == other.ledger;
}

}  // namespace twinlog
