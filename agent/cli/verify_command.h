// `twinlog verify`: stores or exports, or one proof, against the keys that the reader trusts (docs/OPERATING.md).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/cli/operator_io.h"
#include "ledger/note/trust_file.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/verify.h"
#include "plugins/api/ledger_reader.h"
#include "plugins/api/proof_reader.h"

namespace twinlog {

/// Besides 0, 1 and 2, which are verdicts.
inline constexpr int kVerifyInput = 3;  ///< The command line, a file or a store cannot be used.

struct VerifyOptions {
  std::optional<std::string> trust;
  std::vector<std::string> checkpoints;
  std::optional<std::string> known;
  std::optional<std::string> since;  ///< RFC 3339.
  std::optional<std::string> now;
  std::optional<std::string> temporary;  ///< A folder; else that of TMPDIR, else /tmp.
  std::optional<std::string> proof;      ///< Then only this is checked.
  bool is_json = false;
};

struct StoreToVerify {
  StoreSide side = StoreSide::kPostgres;
  std::unique_ptr<LedgerReader> reader;  ///< Not opened yet.
  /// Of the same store, by which the fields of a changed row are looked up; null: an export has none.
  std::unique_ptr<ProofReader> rows = nullptr;
};

// What `twinlog reconcile` begins in the same way. Each says to io.err what is wrong.
std::optional<TrustFile> read_trust_file(const std::string& path, const OperatorIo& io);
bool open_stores(const std::vector<StoreToVerify>& stores, const OperatorIo& io);
/// That of the option, else of TMPDIR, else /tmp.
std::string temporary_folder(const std::optional<std::string>& option);
/// Nothing where no terminal would show it.
std::function<void(const VerifyProgress&)> shown_progress(const OperatorIo& io);

/// 0 to 3.
int run_verify(const VerifyOptions& options, const std::vector<StoreToVerify>& stores, const OperatorIo& io);
int run_verify_proof(const VerifyOptions& options, const OperatorIo& io);

}  // namespace twinlog
