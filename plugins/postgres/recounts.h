// Counting the failures of accounts anew, where a defining event came late: as many rows as it is late, found by the
// index on (tenant, account, occurred_at). A million take about a second; no number of them may hold the cursor for
// ever, so a count that did not end in its time limit is tried again as it is, with four times the limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/postgres/account_rows.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

/// Where the growth of the limit ends.
inline constexpr std::chrono::milliseconds kLongestRecount = std::chrono::hours{1};

/// Lives as long as the store: the next flush has to know what did not end. One thread.
class Recounts {
 public:
  explicit Recounts(std::chrono::milliseconds first_limit) : first_limit_(first_limit), limit_(first_limit) {}

  /// After a count that did not end in time: reads the same rows once while no account is locked, so that the one under
  /// the locks finds them in memory. Before the flush's transaction.
  StoreStatus read_beforehand(Connection& connection);

  /// In the flush's transaction, after the locks: puts the counts into the states. `failures`: how many there are at
  /// the most, for the words of an error.
  StoreStatus count(Connection& connection, std::span<AccountUpdate* const> accounts, std::uint64_t failures);

 private:
  StoreResult<std::vector<Rows>> run(Connection& connection, std::span<const AccountUpdate* const> accounts,
                                     std::vector<Statement> statements);

  std::chrono::milliseconds first_limit_;
  std::chrono::milliseconds limit_;
  std::vector<AccountUpdate> unfinished_;
  std::uint64_t failures_ = 0;  ///< Of the unfinished ones.
};

}  // namespace twinlog::postgres
