// Whether the walls between tenants stand as the schema built them: asked of the catalog, without a lock.
#pragma once

#include <string>
#include <vector>

#include "plugins/api/store.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

struct WallFaults {
  std::vector<std::string> mendable;    ///< What migrate_roles() mends, in words.
  std::vector<std::string> for_people;  ///< What somebody else made, or only a superuser can mend: with what to do.
};

/// The tables must be there. Everybody may ask.
StoreResult<WallFaults> wall_faults(Connection& connection);

}  // namespace twinlog::postgres
