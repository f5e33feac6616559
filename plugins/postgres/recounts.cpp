#include "plugins/postgres/recounts.h"

#include <algorithm>
#include <string>
#include <utility>

namespace twinlog::postgres {
namespace {

// Without statistics the planner would sooner or later read the table as a whole. An agent that is gone is noticed: its
// statement would go on with the account locked.
constexpr std::string_view kSettings =
    "SELECT set_config('statement_timeout', $1, true), set_config('enable_seqscan', 'off', true), "
    "set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), "
    "set_config('jit', 'off', true), "
    "CASE WHEN version() LIKE '%linux%' THEN set_config('client_connection_check_interval', '1s', true) END";
constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";
constexpr std::string_view kTimedOut = "57014";
constexpr int kGrowth = 4;
/// What the server's limit is given for the answer.
constexpr std::chrono::milliseconds kGrace = std::chrono::seconds{5};

}  // namespace

StoreResult<std::vector<Rows>> Recounts::run(Connection& connection, std::span<const AccountUpdate* const> accounts,
                                             std::vector<Statement> statements) {
  statements.push_back({kSettings, {text_parameter(std::to_string(limit_.count()) + "ms")}});
  statements.push_back(recount_failures(accounts));
  auto result = connection.run(statements, limit_ + kGrace);
  if (!result && result.error().code == kTimedOut) {
    StoreError& error = result.error();
    const auto ended_at = limit_;
    limit_ = std::min(kLongestRecount, limit_ * kGrowth);
    error.reaction = Reaction::kRetry;  // A part of the batch would have to count as many.
    error.words = "a recount of " + std::to_string(failures_) + " failures of " + std::to_string(accounts.size()) +
                  (accounts.size() == 1 ? " account" : " accounts") + ", as an event came late, did not end within " +
                  std::to_string(ended_at.count()) + " ms; it is tried again with " + std::to_string(limit_.count()) +
                  " ms, and without locks at first; nothing is lost, but these events and all behind them wait for "
                  "it: is the server's disk slow, or the index auth_logs_by_account missing?";
  }
  return result;
}

StoreStatus Recounts::read_beforehand(Connection& connection) {
  if (unfinished_.empty()) {
    return std::nullopt;
  }
  std::vector<const AccountUpdate*> accounts;
  std::ranges::transform(unfinished_, std::back_inserter(accounts), [](const AccountUpdate& each) { return &each; });
  auto answers = run(connection, accounts, {{kBegin, {}}});
  if (connection.is_usable() && connection.is_in_transaction()) {
    static_cast<void>(connection.run_one({"ROLLBACK", {}}, kGrace));  // It only read.
  }
  if (!answers) {
    return std::move(answers).error();
  }
  unfinished_.clear();
  return std::nullopt;
}

StoreStatus Recounts::count(Connection& connection, std::span<AccountUpdate* const> accounts, std::uint64_t failures) {
  failures_ = failures;
  auto answers = run(connection, std::vector<const AccountUpdate*>(accounts.begin(), accounts.end()), {});
  unfinished_.clear();
  if (!answers) {
    std::ranges::transform(accounts, std::back_inserter(unfinished_), [](const AccountUpdate* each) { return *each; });
    return std::move(answers).error();
  }
  limit_ = first_limit_;
  const Rows& counts = answers->back();
  for (int row = 0; row < counts.count(); ++row) {
    const auto ordinal = static_cast<std::size_t>(int8_value(counts.value(row, 0)));
    accounts[ordinal - 1]->state.failures_after = static_cast<std::uint64_t>(int8_value(counts.value(row, 1)));
  }
  return std::nullopt;
}

}  // namespace twinlog::postgres
