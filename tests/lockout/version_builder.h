// Versions for the tests of the lockout mirror, one short chain each.
#pragma once

#include <string>
#include <utility>

#include "ledger/record/auth_event.h"

namespace twinlog::testing {

/// Builds a version of tenant "t" that speaks to "id:u", with a log_id of its own unless one is given.
class VersionBuilder {
 public:
  VersionBuilder(std::string event_type, UtcMicros effective_at) {
    version_.event.tenant_id = "t";
    version_.event.event_type = std::move(event_type);
    version_.event.log_id = version_.event.event_type + "@" + std::to_string(effective_at);
    version_.event.occurred_at = effective_at;
    version_.effective_at = effective_at;
    version_.received_at = effective_at;
    user("u");
  }
  /// The sender's clock was ahead: it takes effect when it was received, as the builder was told.
  VersionBuilder& occurred(UtcMicros at) {
    version_.event.occurred_at = at;
    return *this;
  }
  VersionBuilder& user(const std::string& user_id) {
    version_.event.user_id = user_id;
    version_.event.account = "id:" + user_id;
    return *this;
  }
  /// `folded` is what the name is known by in account names.
  VersionBuilder& name(const std::string& typed, const std::string& folded) {
    version_.event.username = typed;
    if (!version_.event.user_id) {
      version_.event.account = "name:" + folded;
    }
    return *this;
  }
  VersionBuilder& without_user() {
    version_.event.user_id.reset();
    version_.event.account.reset();
    return *this;
  }
  VersionBuilder& stated(std::int32_t attempts) {
    version_.event.failed_login_attempts = attempts;
    return *this;
  }
  VersionBuilder& until(UtcMicros time) {
    version_.event.account_locked_until = time;
    return *this;
  }
  VersionBuilder& kind(LockKind kind) {
    version_.event.lock_kind = kind;
    return *this;
  }
  VersionBuilder& reason(const std::string& reason) {
    version_.event.lock_reason = reason;
    return *this;
  }
  VersionBuilder& organisation(const std::string& organisation_id) {
    version_.event.organisation_id = organisation_id;
    return *this;
  }
  VersionBuilder& log_id(const std::string& log_id) {
    version_.event.log_id = log_id;
    return *this;
  }
  /// The first byte of the content hash; the others are zero.
  VersionBuilder& hash(std::uint8_t first) {
    version_.content_hash[0] = first;
    return *this;
  }
  operator Version() const { return version_; }  // NOLINT: so that a chain can stand where a version is wanted

 private:
  Version version_;
};

inline VersionBuilder failed(UtcMicros at) {
  return {"login_failed", at};
}
inline VersionBuilder success(UtcMicros at) {
  return {"login_success", at};
}
inline VersionBuilder locked(UtcMicros at) {
  return {"account_locked", at};
}
inline VersionBuilder reset(UtcMicros at) {
  return {"lockout_reset", at};
}

}  // namespace twinlog::testing
