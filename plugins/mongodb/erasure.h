// What is planned to be erased (plugins/api/erasure.h), written into documents.
#pragma once

#include <cstdint>
#include <set>

#include "plugins/api/erasure.h"
#include "plugins/mongodb/client.h"

namespace twinlog::mongodb {

/// Further acceptances first, whose salts are made from what the others hold, then records, then conflicts: broken off
/// anywhere, a plan made anew from what lies there then goes on. A conflict gets another `_id`: its content's hash is
/// part of that.
StoreStatus write_erasure(Client& client, const ErasurePlan& plan, const std::set<std::uint8_t>& fields);

}  // namespace twinlog::mongodb
