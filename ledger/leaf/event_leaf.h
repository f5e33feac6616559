// The leaf of a version.
#pragma once

#include <string>

#include "ledger/leaf/commitment.h"
#include "ledger/leaf/leaf.h"
#include "ledger/record/auth_event.h"

namespace twinlog {

/// Of a version that has a place in the ledger. Its accept_us is received_at.
std::string event_leaf(const Version& version);
/// Where the content's root is known in another way: an erased version.
std::string event_leaf(const Version& version, std::uint64_t tenant_seq, const Digest& content_root);

}  // namespace twinlog
