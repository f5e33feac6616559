// The merge against the plain fold: 5,000 random histories, written as PostgreSQL writes them (DECISIONS.md): one
// transaction learns which versions are new, merges those, and counts anew where the merge asks for it.
#include <gtest/gtest.h>

#include <iostream>
#include <set>
#include <tuple>

#include "ledger/lockout/account_state.h"
#include "tests/lockout/histories.h"
#include "tests/lockout/plain_fold.h"
#include "tests/lockout/show_account.h"

namespace twinlog {
namespace {

using namespace testing;

constexpr std::uint64_t kFirstSeed = 20'260'101;
constexpr std::uint64_t kHistories = 5'000;
constexpr std::size_t kMostVersions = 20;
constexpr std::uint64_t kLeastOfEach = 100;

/// A store whose flush is one transaction.
class TransactionStore {
 public:
  explicit TransactionStore(Coverage& coverage) : coverage_(coverage) {}

  void flush(const std::vector<const Version*>& batch) {
    std::vector<const Version*> inserted;
    for (const Version* version : batch) {
      const bool is_new = keys_.insert({version->event.tenant_id, version->event.log_id, version->content_hash}).second;
      coverage_.count_if(!is_new, Rule::kRepeat);
      if (is_new) {
        inserted.push_back(version);
      }
    }
    const std::size_t rows_before = rows_.size();
    rows_.insert(rows_.end(), inserted.begin(), inserted.end());
    for (const auto& [key, versions] : by_account(inserted)) {
      merge_account(key, versions, rows_before);
    }
  }

  std::map<PlainKey, ShownAccount> accounts() const {
    std::map<PlainKey, ShownAccount> all;
    for (const auto& [key, bytes] : accounts_) {
      const Result<AccountState> state = decode_account_state(bytes);
      EXPECT_TRUE(state.has_value());
      all[{key.tenant_id, key.account}] = shown(*state);
    }
    return all;
  }
  const std::vector<const Version*>& rows() const { return rows_; }

 private:
  void merge_account(const AccountKey& key, const std::vector<const Version*>& versions, std::size_t rows_before) {
    std::string& bytes = accounts_.try_emplace(key, encode_account_state(AccountState{})).first->second;
    AccountState state = *decode_account_state(bytes);
    if (merge(state, versions) == Recount::kNeeded) {
      coverage_.count(Rule::kRecount);
      // Asking where no failure merged earlier lies behind the new position would make every flush pay.
      EXPECT_GT(failures_after(key, state, rows_before), 0U) << "a needless recount";
      state.failures_after = failures_after(key, state, rows_.size());
    }
    bytes = encode_account_state(state);
  }

  /// Undefined failures of the account behind its defining event, among the first `rows` rows.
  std::uint64_t failures_after(const AccountKey& key, const AccountState& state, std::size_t rows) const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      const Version& row = *rows_[i];
      const bool is_of_account = row.event.tenant_id == key.tenant_id && row.event.account == key.account;
      const bool is_undefined = row.event.event_type == "login_failed" && !row.event.failed_login_attempts;
      if (is_of_account && is_undefined && row.effective_at > state.attempts->position.effective_at) {
        ++count;
      }
    }
    return count;
  }

  Coverage& coverage_;
  std::set<std::tuple<std::string, std::string, Digest>> keys_;
  std::vector<const Version*> rows_;
  std::map<AccountKey, std::string> accounts_;
};

void count_kinds(const History& history, Coverage& coverage) {
  for (std::size_t i = 0; i < history.versions.size(); ++i) {
    const AuthEvent& event = history.versions[i].event;
    const bool is_ahead = event.occurred_at > history.versions[i].effective_at;
    coverage.count_if(is_ahead && event.event_type == "login_failed", Rule::kAhead);
    coverage.count_if(is_conflict(history.versions, i), Rule::kConflict);
    coverage.count_if(event.event_type == "mfa_failed", Rule::kOtherType);
    coverage.count_if(event.event_type == "login_failed" && !event.account, Rule::kUnknownUser);
  }
}

/// One history. After some of the flushes, and at the end, the accounts must be those of the plain fold.
void run_history(std::uint64_t seed, Coverage& coverage) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Choices choices(seed);
  const History history = random_history(choices, kMostVersions);
  count_kinds(history, coverage);
  TransactionStore store(coverage);
  for (const auto& batch : random_batches(history, choices)) {
    store.flush(batch);
    if (choices.percent(25)) {
      Coverage uncounted;
      ASSERT_EQ(store.accounts(), plain_fold_all(store.rows(), uncounted));
    }
  }
  ASSERT_EQ(store.accounts(), plain_fold_all(store.rows(), coverage));
}

TEST(LockoutProperty, TheMergeEndsWhereThePlainFoldEndsWhateverTheOrder) {
  Coverage coverage;
  for (std::uint64_t i = 0; i < kHistories && !HasFailure(); ++i) {
    run_history(kFirstSeed + i, coverage);
  }
  ASSERT_FALSE(HasFailure()) << "the histories end at the first difference";
  std::cout << kHistories << " histories from seed " << kFirstSeed << "\n";
  for (std::size_t rule = 0; rule < kRules; ++rule) {
    std::cout << coverage.of(rule) << " x " << kRuleNames[rule] << "\n";
    EXPECT_GE(coverage.of(rule), kLeastOfEach) << kRuleNames[rule];
  }
}

}  // namespace
}  // namespace twinlog
