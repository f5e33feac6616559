// Whether an error may be the fault of single versions. Only what the tables of records and conflicts refuse can be: an
// error that names another table (an audit table that a trigger fills, say) would condemn one event after the other for
// something that no event can help.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

enum class Suspicion : std::uint8_t {
  kNone,      ///< Of no version.
  kCertain,   ///< A version that meets this alone can never be taken.
  kIfOthers,  ///< The same where others are taken: else a trigger or rule refuses everything.
  kUnknown,   ///< Nobody knows this error, nor whether it lasts.
};

/// By its code alone, for an error of the stages records and conflicts.
Suspicion suspicion_of(const StoreError& error);

/// Events that come for the first time, or dead letters offered again. Of the latter every suspicion is certain: they
/// only stay what they are.
enum class Offer : std::uint8_t { kEvents, kDeadLetters };

/// For one flush: asks the catalogue about each table once.
class Blame {
 public:
  Blame(Connection& connection, Offer offer) : connection_(connection), offer_(offer) {}

  /// kNone for other stages. Of the error that the connection's last run() gave, which broke the transaction; `undo` is
  /// what ends that. An error that would be kPoison but for the table that it names becomes kHold, and names that
  /// table.
  Suspicion of(StoreError& error, std::string_view undo);
  /// Of rows that the server took and did not keep.
  Suspicion of_swallowed() const;

 private:
  StoreResult<bool> is_of_records(const ErrorPlace& place, std::string_view undo);

  Suspicion sharpened(Suspicion suspicion) const;

  Connection& connection_;
  const Offer offer_;
  std::map<std::pair<std::string, std::string>, bool> known_;
};

}  // namespace twinlog::postgres
