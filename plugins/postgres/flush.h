// One flush: records, conflicts, accounts and position in one transaction, in at most seven round trips (three on a
// good day).
//
// Invariants
//  1. A version is merged into its accounts in the transaction that inserts it, and in no other: what `ON CONFLICT` did
//     not insert was merged by whoever did insert it. So a batch may be repeated, cut anywhere and sent by anyone.
//  2. Locks are taken in one order by every agent: records by key, then accounts by key, bytewise.
//  3. READ COMMITTED: every statement sees what was committed before it, so what is read after the account locks holds
//     all that the locked states have counted, and nothing else.
//  4. A commit counts only when the server's tag is COMMIT and it sent no warning with it (a cancelled wait for a
//     synchronous standby is a success with a warning).
//  5. The position is locked and looked at first: another one than expected means that the store was restored or
//     emptied behind this connection, and writing a new one would hide what it lost.
//  6. What an INSERT did not name is looked for in the table. What is not there was dropped by a trigger or rule of the
//     administrator: no duplicate.
//  7. Every accepted version has its leaf in the store: in its own row, or in ledger_leaves where the row is another
//     acceptance's. Tiles, leaves and notes are written in the same transaction, also those of versions that are
//     refused: their hashes belong to the tree.
//  8. Where the server refuses the batch for what may be single versions, they are searched for and left out, and all
//     the rest is written as if they had never been in it (isolation.h). Nothing of a search is kept.
//
// Round trips: position and records; a look at what was there already (where some was); conflicts (where some may be; a
// look at those that were there); locks (where an account is touched); recount (where a defining event came late);
// ledger, accounts, position and COMMIT. Only where the server refused something, more.
#pragma once

#include <optional>
#include <string>

#include "ledger/base/clock.h"
#include "plugins/api/store.h"
#include "plugins/postgres/connection.h"
#include "plugins/postgres/recounts.h"

namespace twinlog::postgres {

/// Whether a COMMIT is a promise: see invariant 4.
bool is_committed(const Rows& commit);

/// Where the agent's position in the batch's epoch is expected to be.
struct ExpectedPosition {
  const std::string& agent;
  std::optional<std::uint64_t> last_leaf;  ///< Nothing: it has none.
};

/// What one flush leaves to the next. Lives as long as the store.
struct FlushMemory {
  Recounts recounts;
  /// An error that nobody knows may pass by itself, so who meets it alone is searched for only when it came again.
  std::string unknown_code = {};
};

/// Writes the batch: see Store::flush(). Where the server refuses every version with an error that a trigger raised, or
/// swallows all, no version is refused and the error says so. After an error the transaction is gone; the connection
/// may be unusable.
StoreResult<FlushReport> flush(Connection& connection, const Clock& clock, const ExpectedPosition& expected,
                               FlushMemory& memory, const FlushBatch& batch);

}  // namespace twinlog::postgres
