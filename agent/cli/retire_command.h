// `twinlog epoch retire`: a person's word that an epoch has ended whose spool is gone (docs/LEDGER.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/cli/operator_io.h"
#include "agent/cli/verify_command.h"
#include "ledger/note/signing_key.h"
#include "plugins/api/keeper.h"

namespace twinlog {

struct RetireOptions {
  std::string origin;
  std::string reason;
  std::vector<std::string> checkpoints;  ///< Files, as of `twinlog verify`.
};

struct StoreToKeep {
  StoreSide side = StoreSide::kPostgres;
  std::unique_ptr<StoreKeeper> keeper;  ///< Not connected yet.
};

/// Verifies the stores first: an epoch of which anything was changed or is missing, that may be alive, or that has
/// ended already is refused (1). What is signed is size and root of what the stores hold; how many
/// leaves those are, and how many of them no checkpoint covers, is told before. Repeating it is safe.
int run_retire(const RetireOptions& options, const SigningKey& enrolment, const std::vector<StoreToVerify>& stores,
               const std::vector<StoreToKeep>& keepers, const OperatorIo& io);

}  // namespace twinlog
