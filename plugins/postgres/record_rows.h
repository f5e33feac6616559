// What a set of versions becomes in auth_logs and auth_log_conflicts, within a transaction that is open: the first half
// of a flush, and what the search for refused versions tries on parts of one.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "plugins/postgres/batch_plan.h"
#include "plugins/postgres/connection.h"
#include "plugins/postgres/transaction.h"

namespace twinlog::postgres {

/// The error for a table whose trigger or rule swallowed rows.
StoreError dropped_from(std::string_view table);

/// To be used once: insert(), then finish(). After an error the caller rolls back.
class RecordRows {
 public:
  /// The versions must outlive it.
  RecordRows(Connection& connection, const Deadline& deadline, std::span<const Version* const> versions)
      : connection_(connection), deadline_(deadline), plan_(versions) {}

  /// Runs `before` and the insert of the records in one round trip; gives the rows of `before`.
  StoreResult<std::vector<Rows>> insert(std::vector<Statement> before);
  /// Looks for what the insert did not name, and writes the conflicts. No round trip where all were new. The error says
  /// where it came from.
  StoreStatus finish();

  /// What this transaction inserted, records and conflicts.
  const std::vector<const Version*>& inserted() const { return inserted_; }
  std::uint64_t conflicts() const { return conflicts_; }
  /// After finish(): all contents of the versions that the tables hold, whoever put them there.
  std::vector<const Version*> kept() const { return plan_.kept(); }
  /// How many of the keys were not kept, although nothing failed: the error of finish() is of that.
  enum class Swallowed : std::uint8_t { kNone, kSome, kAll };
  Swallowed swallowed() const { return swallowed_; }

 private:
  StoreStatus look_up_unnamed();
  StoreStatus write_conflicts();
  StoreError swallowed_by(std::string_view table);
  StoreStatus look_up_conflicts(const std::vector<const Version*>& unnamed);

  Connection& connection_;
  const Deadline& deadline_;
  BatchPlan plan_;
  std::vector<const Version*> inserted_;
  std::uint64_t conflicts_ = 0;
  Swallowed swallowed_ = Swallowed::kNone;
};

}  // namespace twinlog::postgres
