#include "ledger/leaf/event_leaf.h"

namespace twinlog {

std::string event_leaf(const Version& version) {
  const LedgerPlace& place = version.ledger.value();
  return event_leaf(version, place.tenant_seq, content_root(version.event, place.record_key));
}

std::string event_leaf(const Version& version, std::uint64_t tenant_seq, const Digest& content_root) {
  return encode_leaf({.epoch_id = version.epoch_id, .index = version.leaf_index, .accept_at = version.received_at},
                     EventLeaf{.tenant_seq = tenant_seq, .arrival = version.arrival, .content_root = content_root});
}

}  // namespace twinlog
