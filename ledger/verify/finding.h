// What `twinlog verify` says: verdicts, where each applies, and what the exit code becomes (ledger/FORMAT.md).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "ledger/base/clock.h"

namespace twinlog {

enum class Verdict : std::uint8_t {
  kModified,
  kMissing,
  kForeign,
  kRootMismatch,
  kBadSignature,
  kBadLeaf,
  kFork,
  kUnauthorisedEpoch,
  kStoreDivergence,
  kTenantGap,
  kConflictOrder,
  kStateMismatch,
  kStale,
  kPending,
  kDeclaredGap,
  kDeadLetter,
  kUnknownKey,
  kRetired,
};
inline constexpr std::size_t kVerdicts = 18;
std::string_view verdict_text(Verdict verdict);  ///< "MODIFIED", "MISSING", ...
int exit_of(Verdict verdict);                    ///< 0, 1 or 2.

enum class StoreSide : std::uint8_t { kPostgres = 0, kMongodb = 1 };
inline constexpr std::size_t kStoreSides = 2;
std::string_view side_text(StoreSide side);  ///< "postgres", "mongodb"

/// Never holds a value of an event but its key.
struct Finding {
  Verdict verdict = Verdict::kModified;
  std::optional<StoreSide> store;
  std::string origin;  ///< "": none; where only the epoch is known, its uuid.
  std::optional<std::uint64_t> leaf_index;
  std::optional<std::string> tenant_id;
  std::optional<std::string> log_id;
  std::string detail;
  /// Between which two points of time it happened or belongs, where that is known: for people, no part of its identity.
  std::optional<UtcMicros> from;
  std::optional<UtcMicros> until;
};

/// One line of JSON without its end: `verdict, store, origin, leaf_index, tenant_id, log_id, detail`, null where it
/// does not apply; `"known":true` behind them where it is known. Bytes that are no UTF-8 are replaced.
enum class Judged : std::uint8_t { kNo, kYes };
std::string finding_json(const Finding& finding, Judged known);

/// Findings by their line, as of an earlier run.
using KnownFindings = std::set<std::string>;

/// Takes findings from any thread, counts them and hands each on at once.
class FindingLog {
 public:
  using Sink = std::function<void(const Finding&, Judged)>;
  FindingLog(KnownFindings known, Sink sink) : known_(std::move(known)), sink_(std::move(sink)) {}

  void add(const Finding& finding);
  std::uint64_t count(Verdict verdict) const { return counts_[static_cast<std::size_t>(verdict)]; }
  std::uint64_t known_count() const { return known_count_; }
  /// 0, 1 or 2 by what was added and is not known.
  int exit_code() const;

 private:
  KnownFindings known_;
  Sink sink_;
  std::mutex mutex_;
  std::array<std::uint64_t, kVerdicts> counts_{};
  std::array<std::uint64_t, 3> unknown_by_exit_{};
  std::uint64_t known_count_ = 0;
};

/// What the last line of `--json` tells beside the findings.
struct VerifySummary {
  std::uint64_t epochs = 0;
  std::uint64_t leaves = 0;  ///< Under a root that somebody signed.
  std::uint64_t records = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t accounts = 0;
  std::uint64_t pending = 0;   ///< Leaves on their way, and accounts that cannot be judged before they are there.
  std::uint64_t unproved = 0;  ///< Rows from before the ledger, accepted by the trust file.
  std::uint64_t pruned_epochs = 0;
  std::uint64_t unjudged_accounts = 0;  ///< Of `pending`; no member of its own in `--json`.
};
std::string summary_json(const VerifySummary& summary, const FindingLog& log, int exit_code);

}  // namespace twinlog
