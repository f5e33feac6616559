// Which versions of a batch the server refuses, where it refused the batch: halves of it are written under savepoints,
// in a transaction that is rolled back in the end. What is kept is written by a flush without those versions, so a
// search that ends anywhere has changed nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/postgres/blame.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

/// No further part is tried after this long; a batch that needs more is sent again, in smaller parts.
inline constexpr std::chrono::milliseconds kSearchLimit = std::chrono::seconds{20};
/// So many refused alone, and none of certain suspicion nor any version taken: it is no matter of single versions.
inline constexpr std::size_t kMostBeforeOneIsTaken = 128;

struct Guilty {
  const Version* version = nullptr;
  StoreError error;
  Suspicion suspicion = Suspicion::kNone;
};

struct Isolated {
  std::vector<Guilty> guilty;
  bool is_any_taken = false;  ///< Or was there already.
};

/// What of a batch is to be tried.
enum class Reach : std::uint8_t {
  kRows,        ///< What its statements refused.
  kConstraints  ///< What its COMMIT refused: constraints that are checked late.
};

/// In order of key, and of leaf within one, so that locks are taken in the order of all agents. An error: the search
/// found no end, and is to be reported in place of what began it. The connection is in no transaction afterwards, or
/// unusable.
StoreResult<Isolated> isolate(Connection& connection, const Clock& clock, Blame& blame, Reach reach,
                              std::vector<const Version*> versions);

}  // namespace twinlog::postgres
