// Takes one order at a time, carries it out on a thread of its own, and tells how it stands.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "agent/keeper/orders.h"
#include "ledger/base/result.h"

namespace twinlog {

/// As it stands; a consistent copy.
struct OrderState {
  enum class Stage : std::uint8_t { kRunning, kDone, kFailed };
  std::uint64_t number = 0;
  Stage stage = Stage::kRunning;
  std::string words;  ///< How far it is, what was done, or what was not.
};

/// take() and state() from any thread, step() from one.
class KeeperDesk {
 public:
  /// What carries an order out: its words; `tell` says how far it is.
  using Tell = std::function<void(const std::string&)>;
  using Work = std::function<Result<std::string>(const KeeperOrder&, const Tell& tell)>;

  KeeperDesk(Work work, std::function<void()> wake) : work_(std::move(work)), wake_(std::move(wake)) {}

  /// Its number; kTransient while another one is under way.
  Result<std::uint64_t> take(KeeperOrder order);
  /// Of the newest order; nothing where that has another number.
  std::optional<OrderState> state(std::uint64_t number) const;

  /// Carries out what was taken, if anything was.
  void step();

 private:
  const Work work_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;  ///< For what follows.
  std::optional<KeeperOrder> waiting_;
  OrderState state_;
};

}  // namespace twinlog
