// The accounts that erased versions spoke to: those that nothing else feeds go, and in the states of the others an
// erased version is known by no hash of its content any more.
#pragma once

#include <cstdint>
#include <set>

#include "plugins/api/erasure.h"
#include "plugins/mongodb/client.h"

namespace twinlog::mongodb {

/// After the versions were erased: gives how many accounts went. `fields` are those that were erased.
StoreResult<std::uint64_t> clean_accounts(Client& client, const ErasedByAccount& erased,
                                          const std::set<std::uint8_t>& fields);

}  // namespace twinlog::mongodb
