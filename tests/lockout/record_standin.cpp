#include "ledger/record/auth_event.h"
namespace twinlog {
std::string_view lock_kind_text(LockKind k) {
  return k == LockKind::kNone ? "none" : k == LockKind::kTemporary ? "temporary" : "permanent";
}
EventRole event_role(std::string_view t) {
  if (t == "login_failed")
    return EventRole::kFailed;
  if (t == "login_success")
    return EventRole::kSuccess;
  if (t == "lockout_reset")
    return EventRole::kReset;
  if (t == "account_locked")
    return EventRole::kLocked;
  return EventRole::kOther;
}
std::string fold_username(std::string_view u) {
  std::string o;
  for (char c : u)
    if (c != ' ')
      o.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  return o;
}
std::vector<std::string> accounts_of(const AuthEvent& e) {
  auto r = event_role(e.event_type);
  std::vector<std::string> out;
  if (r == EventRole::kOther)
    return out;
  if (r == EventRole::kFailed) {
    if (e.account)
      out.push_back(*e.account);
    return out;
  }
  if (e.user_id)
    out.push_back("id:" + *e.user_id);
  if (e.username) {
    auto f = fold_username(*e.username);
    if (!f.empty())
      out.push_back("name:" + f);
  }
  return out;
}
}  // namespace twinlog
