// How a transaction that writes begins and ends, and what time it has.
#pragma once

#include <chrono>
#include <string_view>

#include "ledger/base/clock.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

/// For the whole of a transaction but the recount. The server's own limits per statement are shorter; this one is for a
/// server that does not answer at all.
inline constexpr std::chrono::milliseconds kFlushLimit = std::chrono::seconds{20};
/// For leaving a failed transaction.
inline constexpr std::chrono::milliseconds kRollbackLimit = std::chrono::seconds{5};

/// READ COMMITTED: the default of the role may be another level. Not READ WRITE: where default_transaction_read_only
/// was turned on while we were connected, that is respected.
inline constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// For this transaction only: a session's setting would leak through a transaction pooler. A role that asks for more
/// than `on` (remote_apply) keeps it. Every statement of a flush finds its rows by key: with tables that have no
/// statistics (schema/quiet_walls.cpp) the planner would sooner or later read one as a whole.
inline constexpr std::string_view kTransactionSettings =
    "SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'remote_apply' "
    "THEN 'remote_apply' ELSE 'on' END, true), set_config('lock_timeout', '5s', true), "
    "set_config('statement_timeout', '15s', true), "
    "set_config('idle_in_transaction_session_timeout', '20s', true), set_config('enable_seqscan', 'off', true), "
    "set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), "
    "set_config('jit', 'off', true)";

/// Where there is a transaction. What made it fail is known already.
inline void roll_back(Connection& connection) {
  if (connection.is_usable() && connection.is_in_transaction()) {
    static_cast<void>(connection.run_one({"ROLLBACK", {}}, kRollbackLimit));
  }
}

/// A limit that several round trips share.
class Deadline {
 public:
  Deadline(const Clock& clock, std::chrono::milliseconds limit) : clock_(clock), at_(clock.steady_now() + limit) {}
  std::chrono::milliseconds left() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(at_ - clock_.steady_now());
  }
  void extend(std::chrono::steady_clock::duration by) { at_ += by; }

 private:
  const Clock& clock_;
  std::chrono::steady_clock::time_point at_;
};

}  // namespace twinlog::postgres
