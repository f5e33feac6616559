// `twinlog prove`: one event, for somebody who has neither the stores nor this program (docs/LEDGER.md).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/cli/operator_io.h"
#include "ledger/verify/finding.h"
#include "plugins/api/proof_reader.h"

namespace twinlog {

/// What is done with files that are there.
enum class Existing : std::uint8_t { kKept, kReplaced };

struct ProveOptions {
  std::string tenant_id;
  std::string log_id;
  std::optional<std::string> fields;        ///< Names, with commas between; nothing: all that are there.
  std::optional<std::string> content_hash;  ///< In hexadecimal.
  std::string out;                          ///< What the names of both files begin with.
  Existing existing = Existing::kKept;
};

struct StoreToProve {
  StoreSide side = StoreSide::kPostgres;
  std::unique_ptr<ProofReader> reader;  ///< Not opened yet.
};

/// 0; 1 where no store has the event, or what lies there does not fit its leaf; 2 where no checkpoint covers it yet;
/// 3 for the command line, a file or a store that cannot be used. Both files are there at the end, or neither is.
int run_prove(const ProveOptions& options, const std::vector<StoreToProve>& stores, const OperatorIo& io);

}  // namespace twinlog
