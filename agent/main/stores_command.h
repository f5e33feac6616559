// `twinlog check --stores` and `twinlog migrate`: both stores, one after the other, each finding on a line.
#pragma once

#include <ostream>

#include "config/settings.h"

namespace twinlog {

/// Connects to every enabled store and prints versions, rights and schema state. 1 when anything needs doing.
int check_stores(const Settings& settings, std::ostream& out);

/// Creates or upgrades the schema of every enabled store. 1 when a store could not be brought up to date.
int migrate_stores(const Settings& settings, std::ostream& out);

}  // namespace twinlog
