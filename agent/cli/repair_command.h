// `twinlog spool check`, also of a running agent's spool, and `twinlog spool repair` of a stopped one.
#pragma once

#include <string>

#include "agent/cli/operator_io.h"
#include "agent/cli/spool_source.h"
#include "ledger/base/clock.h"
#include "spool/rocks_spool.h"

namespace twinlog {

/// 0: all that was promised is there, was delivered, or is lost on record and acknowledged. 1: a finding, or it could
/// not be read: of a running agent whose files are not to be seen from here only the losses on record are told.
int run_spool_check(const SpoolPlaces& places, const OperatorIo& io);

struct RepairOptions {
  SpoolPlaces at;
  RocksSpoolSettings spool;  ///< `path` is that of `at`.
  bool applies = false;      ///< Otherwise the plan is only printed.
};

/// 0: nothing to repair, or repaired. 1: there is something to repair, or it could not be done.
int run_spool_repair(const RepairOptions& options, Random& random, const OperatorIo& io);

}  // namespace twinlog
