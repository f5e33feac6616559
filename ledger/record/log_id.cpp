#include "ledger/record/log_id.h"

#include <algorithm>

#include "ledger/base/bytes.h"
#include "ledger/base/uuid.h"

namespace twinlog {

std::string keyed_log_id(std::string_view secret, UtcMicros occurred_at, const KeyedPlace& place) {
  // Neither part can hold a NUL, so no two requests have the same message.
  std::string message;
  message.append(place.tenant_id).push_back('\0');
  message.append(place.idempotency_key).push_back('\0');
  put_u64(message, place.place);
  const Digest tag = hmac_sha256(secret, message);
  UuidTail tail{};
  std::copy_n(tag.begin(), tail.size(), tail.begin());
  return uuid_text(timed_uuid(UuidVersion::k8, occurred_at, tail));
}

std::string drawn_log_id(UtcMicros occurred_at, Random& random) {
  return uuid_text(uuid_v7(occurred_at, random));
}

}  // namespace twinlog
