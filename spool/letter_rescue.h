// Dead letters that an opening finds damaged or gone: the cursor has passed their events, so none of them may go
// without a word.
#pragma once

#include <string>
#include <vector>

#include "ledger/base/result.h"
#include "spool/aside.h"
#include "spool/database.h"
#include "spool/spool_state.h"

namespace twinlog {

struct MendedLetters {
  bool is_damaged = false;
  std::vector<std::string> words;  ///< For the log.
};

/// Puts each missed letter of `state` back from the logs and tables that were set aside; else makes it again from its
/// event; else it goes on record as a loss of its store, synced. Where a table of letters is damaged the family is
/// begun anew, since every compaction would meet the damage. What it has done is done again by the next opening, should
/// this one not come to its end. Afterwards `state` is as the database is.
Result<MendedLetters> mend_letters(Database& database, const Aside& aside, SpoolState& state, UtcMicros now);

}  // namespace twinlog
