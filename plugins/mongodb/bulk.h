// Many writes to one collection in as few commands as the server allows, confirmed by a majority and its journals.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plugins/mongodb/client.h"

namespace twinlog::mongodb {

/// An operation that was refused alone: kPoison for what its document holds, or by a code that error_table.h has no
/// rule for.
struct RefusedOperation {
  std::size_t index = 0;
  StoreError error;
};

/// What a bulk did. Every operation that is listed neither as a duplicate nor as refused was done, durably.
struct BulkOutcome {
  std::vector<std::size_t> duplicates;    ///< Indexes of inserts whose key was there already, rising.
  std::vector<RefusedOperation> refused;  ///< By index, rising.
  std::uint64_t matched = 0;              ///< Documents that the filters of updates and replacements met.
};

/// When a write counts as done.
enum class Confirmed : std::uint8_t {
  kByMajority,        ///< A majority has it in its journals.
  kWithTheNextWrite,  ///< A later write that a majority confirms proves this one, too; on a sharded cluster, where that
                      ///< one may go elsewhere, as kByMajority.
};

/// Unordered. Queue inserts before everything else: the driver does not regroup, each change of kind is a command.
class Bulk {
 public:
  Bulk(Client& client, const char* collection, Confirmed confirmed = Confirmed::kByMajority);

  void insert(const Bson& document);
  void replace(const Bson& filter, const Bson& document);
  void update(const Bson& filter, const Bson& change);
  void upsert(const Bson& filter, const Bson& change);

  /// Once, this or the next. A duplicate key never hides another error: not a write concern error, not a broken
  /// connection, not a command of the same bulk that failed. Without operations: nothing is sent. A refused operation
  /// is an error.
  StoreResult<BulkOutcome> execute();
  /// As execute(), but that refused operations are part of the outcome: all others were done.
  StoreResult<BulkOutcome> execute_each();

 private:
  struct BulkDeleter {
    void operator()(mongoc_bulk_operation_t* bulk) const { mongoc_bulk_operation_destroy(bulk); }
  };
  bool fits(const Bson& document);
  void note(bool queued, const bson_error_t& error);

  Client& client_;
  Collection collection_;
  std::unique_ptr<mongoc_bulk_operation_t, BulkDeleter> bulk_;
  std::size_t operations_ = 0;
  std::vector<std::size_t> queued_;        ///< Operations that the driver took, in its own order.
  std::vector<RefusedOperation> refused_;  ///< The others.
};

}  // namespace twinlog::mongodb
