// The way of a store's rows through `verify`: read by one thread, hashed by a second, put into sorted files by a third,
// in their order. So one store alone keeps two cores busy, too.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "ledger/base/result.h"
#include "ledger/verify/hand_over.h"
#include "ledger/verify/leaf_claims.h"
#include "plugins/api/ledger_reader.h"

namespace twinlog {

struct HashedRow {
  LedgerRow row;
  std::optional<RowClaim> claim;  ///< Nothing where its leaf is of no interest.
  std::string key_digest;         ///< pair_digest(tenant_id, log_id)
};

/// Holds at most about 10 MiB of rows, or one row where that is larger.
class RowLane {
 public:
  using Hash = std::function<void(HashedRow&)>;
  using Take = std::function<Status(HashedRow&&)>;

  /// `hash` is called by one thread of the lane's own, `take` by another.
  RowLane(Hash hash, Take take);
  ~RowLane();
  RowLane(const RowLane&) = delete;
  RowLane& operator=(const RowLane&) = delete;

  /// The error is that of a `take` before.
  Status add(LedgerRow&& row);
  /// Returns when every row was taken, or one could not be.
  Status finish();

 private:
  using Rows = HandOver<HashedRow>;

  void hash_all(const Hash& hash);
  void take_all(const Take& take);
  bool hand_on();
  void join();

  Rows read_;
  Rows hashed_;
  Rows::Batch batch_;
  std::size_t batch_bytes_ = 0;
  Status failed_;  ///< Of the taking thread, until that has ended.
  std::thread hasher_;
  std::thread taker_;
};

}  // namespace twinlog
