// Puts back what a DifferenceFinder found to be lacking: reads both stores again, copies what still comes to the hash
// that was signed, and looks afterwards whether it is there.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger/verify/difference_finder.h"
#include "ledger/verify/lack.h"
#include "plugins/api/mender.h"

namespace twinlog {

/// How much was put back, by kind of lack.
using MendCounts = std::array<std::uint64_t, 5>;

class Mending {
 public:
  enum class Unproved : std::uint8_t { kLeave, kCopy };
  struct Parts {
    std::array<StoreMender*, kStoreSides> stores{};  ///< Connected, both of them.
    const DifferenceFinder& found;
    Unproved unproved = Unproved::kLeave;
    /// Is told what was not put back, and why, in one line.
    std::function<void(const std::string&)> say;
  };
  explicit Mending(Parts parts) : parts_(std::move(parts)) {}

  /// An error: a store cannot be read or written any more; what was done until then stays.
  Status put_back();
  Status rebuild_accounts();

  const std::array<MendCounts, kStoreSides>& counts() const { return counts_; }
  std::uint64_t accounts() const { return accounts_; }
  std::uint64_t all() const;

 private:
  struct Held {
    std::vector<LedgerRow> rows;
    std::vector<LedgerLeafRow> leaves;
  };
  /// Lacks of one store and one epoch, and what both stores hold of them now.
  struct Batch {
    std::vector<Lack> lacks;
    Held source;
    Held target;
  };
  StoreMender& store(StoreSide side) { return *parts_.stores.at(static_cast<std::size_t>(side)); }
  Status put_back(Batch& batch);
  Status read(Batch& batch);
  Status read(const Batch& batch, StoreSide side, Held& held);
  Status put_back_versions(Batch& batch);
  Status restore(const std::vector<Lack>& lacks, const std::vector<Version>& versions);
  Status confirm(Batch& batch, const std::vector<Lack>& sent);
  Status put_back_papers(const Batch& batch);
  std::optional<Version> rebuilt(const Batch& batch, const Lack& lack) const;
  std::optional<Version> rebuilt_further(const Batch& batch, const Lack& lack) const;
  /// An account to be made again, and whether the other store's row of it is not what it should be either.
  struct Account {
    AccountLack lack;
    bool is_other_wrong = false;
  };
  Status take(Account account, std::vector<Account>& batch);
  Status rebuild(const std::vector<Account>& accounts);
  Status rebuild(const Account& account, const std::vector<LedgerRow>& rows);
  Status write(const Account& account, const AccountKey& key);
  Result<std::optional<AccountState>> state_of(const Account& account, const AccountKey& key);
  Status note_accounts_of_missed();
  Status note_accounts(StoreSide lacking, std::span<const EventKey> keys);
  void refuse(const Lack& lack, const std::string& why);
  void count(const Lack& lack);

  Parts parts_;
  std::array<MendCounts, kStoreSides> counts_{};
  std::uint64_t accounts_ = 0;
  std::vector<DifferenceFinder::Missed> missed_;
  std::array<std::set<std::string>, kStoreSides> unsure_;  ///< Accounts that an event speaks to which the store lacks.
};

Error store_failed(const StoreError& error, StoreSide side);
/// "postgres: event 7 of <origin> (acme, 0193-1)"
std::string lack_words(const Lack& lack, const DifferenceFinder::EpochName& name);

}  // namespace twinlog
