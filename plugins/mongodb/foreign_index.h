// Unique indexes that twinlog did not make: what a server means that calls a key taken which is not there, and does not
// say by which index.
#pragma once

#include "plugins/mongodb/client.h"

namespace twinlog::mongodb {

/// kPoison with the names of those of a collection; nothing where it has none, or does not tell. An index with _id in
/// it refuses nothing that _id would not.
StoreStatus refused_by_foreign_index(Client& client, const char* collection);

}  // namespace twinlog::mongodb
