// A record with all that belongs to it, as documents: what erasure and retention read and take away.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plugins/api/erasure.h"
#include "plugins/mongodb/client.h"

namespace twinlog::mongodb {

/// Of these keys, those whose record is there. kHold where one of their documents cannot be read: what is not
/// understood is not erased either.
StoreResult<RecordGroups> read_groups(Client& client, std::span<const EventKey> keys);

/// Deletes what has one of these `_id`s and gives how many there were; a majority has it in its journals.
StoreResult<std::uint64_t> delete_documents(Client& client, const char* collection,
                                            const std::vector<std::string>& ids);

}  // namespace twinlog::mongodb
