// Versions and accounts as documents. Field names are those of docs/EVENTS.md; absent fields of a version are left out;
// an account has all its fields, with null for absent ones. Times: bson.h. epoch_id is lower-case UUID text (legible in
// every shell, and no driver reinterprets it as it may a binary UUID); content_hash and fold_state are BinData(0).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "ledger/base/result.h"
#include "ledger/lockout/account_state.h"
#include "ledger/record/auth_event.h"
#include "plugins/api/store_result.h"
#include "plugins/mongodb/bson.h"

namespace twinlog::mongodb {

/// Which of the two collections of versions.
enum class Shelf : std::uint8_t { kRecords, kConflicts };
const char* collection_of(Shelf shelf);

/// `_id`: "<tenant_id>/<log_id>", for conflicts followed by "/<content_hash in hexadecimal>". No tenant_id or log_id
/// holds a "/".
std::string version_id(Shelf shelf, const Version& version);
std::string record_id(const EventKey& key);
/// Finds the versions with these record ids: the records, or all conflicts beside them.
Bson versions_of(Shelf shelf, std::span<const std::string> record_ids);
/// `_id`: "<tenant_id>/<account>"
std::string account_id(const AccountKey& key);

/// kInvalid when the version cannot be a document (a bug of the event reader).
Result<Bson> version_document(Shelf shelf, const Version& version);
/// Fields were erased from this version (ledger/FORMAT.md). One from before the ledger has no salts then either.
bool is_erased(const BsonFields& fields);
/// What is known of the arrival and of the place in the ledger; absent fields are not.
Arrival arrival_from(const BsonFields& fields);
std::optional<LedgerPlace> ledger_place_from(const BsonFields& fields);
/// kCorrupt when a field that every version has is missing or of another type. Of one that was erased in part the
/// content hash is all zeros where it is gone.
Result<Version> version_from(const BsonFields& fields);

/// The error for a document that cannot be read.
StoreError unreadable_document(const Error& error);

/// An account as it lies in the store, with the guard that compare-and-set needs.
struct StoredAccount {
  AccountState state;
  std::int64_t version = 0;  ///< One more at each write.
};
/// `written_by` tells one flush's writes from everybody else's.
Result<Bson> account_document(const AccountKey& key, const StoredAccount& account, const std::string& written_by);
Result<StoredAccount> account_from(const BsonFields& fields);
/// The columns that everybody sees, as stored.
Result<ShownAccount> shown_account_from(const BsonFields& fields);

}  // namespace twinlog::mongodb
