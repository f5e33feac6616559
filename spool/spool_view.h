// A spool as it is at one moment, read without changing it; also one that an agent is writing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger/base/result.h"
#include "spool/database.h"
#include "spool/spool_state.h"
#include "spool/stopped_spool.h"

namespace twinlog {

struct SpoolView {
  std::unique_ptr<Database> database;
  SpoolState state;
};

/// Beside a running agent files come and go while they are opened, and a log may be read in the middle of a write,
/// which looks like damage: then it is tried again for a while. What RocksDB warns of all the same is in `warnings`.
/// What that view lacks all the same is what a log held that was there no more: in tables, which the next view knows.
/// Errors: kRefused (a newer format, no right, never used), kCorrupt, kTransient.
Result<SpoolView> view_spool(const DatabaseSetup& setup, SpoolUse use, std::vector<std::string>& warnings);

}  // namespace twinlog
