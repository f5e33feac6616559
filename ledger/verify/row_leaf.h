// A row's leaf, made again from its columns, and what of the row does not follow from them as it should.
#pragma once

#include <string>

#include "ledger/verify/leaf_claims.h"
#include "plugins/api/ledger_reader.h"

namespace twinlog {

/// All of the claim but its store. `agent`: as the epoch's OPEN says; "": not known.
RowClaim row_claim(const LedgerRow& row, const std::string& agent);

/// Whether the row is from before the ledger, as far as it says itself.
bool is_before_the_ledger(const LedgerRow& row);

}  // namespace twinlog
