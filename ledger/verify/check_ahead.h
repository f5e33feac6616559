// Signatures checked on a second core: most of the time that an epoch of few leaves takes is three signatures. Nothing
// is judged here; the judge asks for the same signatures itself, and finds them checked (is_signed_by() keeps results).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>

#include "ledger/note/archive.h"
#include "ledger/note/trust_file.h"
#include "ledger/verify/sorted_file.h"

namespace twinlog {

/// Checks those of every second epoch, a little ahead of the judge, until it is destroyed.
class CheckAhead {
 public:
  CheckAhead(const SortedFile& papers, const std::optional<TrustFile>& trust, const Archive& archive);
  ~CheckAhead();
  CheckAhead(const CheckAhead&) = delete;
  CheckAhead& operator=(const CheckAhead&) = delete;

  /// The judge has come to its next epoch.
  void next_epoch();

 private:
  void run();
  /// Waits while the judge is far behind; false where this epoch is not worth it, or not ours.
  bool is_ours(std::uint64_t epoch) const;

  const SortedFile& papers_;
  const std::optional<TrustFile>& trust_;
  const Archive& archive_;
  std::atomic<std::uint64_t> judged_{0};  ///< Epochs that the judge has come to; kOver ends the thread.
  std::thread thread_;
};

}  // namespace twinlog
