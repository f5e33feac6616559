// The epochs that one row after the other names; the last one is remembered, as asking the register takes a lock.
#pragma once

#include <optional>

#include "ledger/verify/epoch_register.h"

namespace twinlog {

/// Of one thread.
class EpochLookup {
 public:
  explicit EpochLookup(EpochRegister& book) : book_(book) {}

  /// Nothing for an epoch that no beginning and no note names.
  std::optional<std::uint32_t> find(const Uuid& id) {
    if (!has_last_ || id != last_id_) {
      has_last_ = true;
      last_id_ = id;
      number_ = book_.find(id);
      facts_ = number_ ? &book_.at(*number_) : nullptr;
      if (number_ && !facts_->is_named) {
        number_.reset();
      }
    }
    return number_;
  }
  /// Of the epoch that was found last.
  EpochFacts& facts() const { return *facts_; }

 private:
  EpochRegister& book_;
  Uuid last_id_{};
  std::optional<std::uint32_t> number_;
  EpochFacts* facts_ = nullptr;
  bool has_last_ = false;
};

}  // namespace twinlog
