// `twinlog reconcile`: what one store has and the other lacks, and putting it back (docs/LEDGER.md).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/cli/operator_io.h"
#include "agent/cli/verify_command.h"
#include "plugins/api/mender.h"

namespace twinlog {

struct ReconcileOptions {
  std::optional<std::string> trust;
  std::optional<std::string> temporary;
  bool repairs = false;
  bool takes_unproved = false;  ///< What no checkpoint covers is put back, too.
};

/// By side.
using StoreMenders = std::array<std::unique_ptr<StoreMender>, kStoreSides>;

/// Both stores. 0: nothing differs any more. 1: something does, and is named. 3: a file or a store cannot be used.
int run_reconcile(const ReconcileOptions& options, const std::vector<StoreToVerify>& stores,
                  const StoreMenders& menders, const OperatorIo& io);

}  // namespace twinlog
