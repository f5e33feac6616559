// Spools of older formats.
#pragma once

#include "ledger/base/result.h"
#include "spool/database.h"

namespace twinlog {

/// Brings a spool of format 1, whose families are fewer, to this build's, in one synced write; does nothing to any
/// other, nor where there is none. The column families that are new are made by the opening that follows: a death in
/// between leaves a spool that says its new format and gets them then. Its backlog stays as it is, both layouts of
/// versions are read alike.
Status upgrade_spool(const DatabaseSetup& setup);
/// The same for an open one of any older format, which has the families or gets them later.
Status upgrade_database(const DatabaseSetup& setup, Database& database);

}  // namespace twinlog
