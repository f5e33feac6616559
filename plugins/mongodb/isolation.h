// Many writes of which some may be refused: all the others are done. Where the server answers a whole command with what
// one document holds, that one is found by halves.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "plugins/mongodb/bulk.h"

namespace twinlog::mongodb {

/// A flush sends no more bulks than this for one step; beyond, the batch has to become smaller (kRetrySmaller).
inline constexpr unsigned kBulksMost = 512;

enum class WriteKind : std::uint8_t {
  kInserts,
  kUpdates,  ///< Some servers end such a command at its first error and give that a wrong index.
};

struct Writes {
  const char* collection;
  WriteKind kind;
  std::size_t count;
  std::function<void(Bulk&, std::size_t)> queue;  ///< Queues the write of that index; may be called repeatedly.
  /// They are refused already: whatever the server has against one of them is its own fault, and holds nothing up.
  bool are_letters = false;
};

struct WritesOutcome {
  std::vector<std::size_t> duplicates;    ///< Rising.
  std::vector<RefusedOperation> refused;  ///< By index, rising.
  std::size_t taken = 0;                  ///< Done now or earlier (a duplicate).
  /// Some were sent more than once: a duplicate may be what an earlier bulk of these inserted.
  bool is_repeated = false;
};

/// Where no command succeeds at all, no document is to blame: the error is kHold. So is that of a single write whose
/// command fails; it is found out beside others. Not so for letters.
StoreResult<WritesOutcome> execute_each(Client& client, const Writes& writes);

}  // namespace twinlog::mongodb
