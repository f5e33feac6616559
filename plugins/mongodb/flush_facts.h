// What a flush of the document store knows of its batch before it writes.
#pragma once

#include <string>
#include <vector>

#include "plugins/api/store.h"

namespace twinlog::mongodb {

/// Letters above the position stay letters: the store was set back, and counted now one would stand for all before it.
FlushBatch without_early_letters(FlushBatch batch, std::uint64_t delivered, FlushReport& report);
/// What an agent that comes after this one would look for: the records of versions that speak to accounts.
std::vector<std::string> ids_of_account_versions(std::span<const Version> versions);
/// As at(); of documents that no event is to blame for it says where they are.
StoreStatus in_collection(StoreStage where, StoreStatus failed);

}  // namespace twinlog::mongodb
