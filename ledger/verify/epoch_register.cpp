#include "ledger/verify/epoch_register.h"

namespace twinlog {

std::uint32_t EpochRegister::number(const Uuid& id) {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = numbers_.try_emplace(id, static_cast<std::uint32_t>(facts_.size()));
  if (is_new) {
    facts_.emplace_back().id = id;
  }
  return place->second;
}

std::optional<std::uint32_t> EpochRegister::find(const Uuid& id) const {
  const std::lock_guard lock(mutex_);
  const auto place = numbers_.find(id);
  return place == numbers_.end() ? std::nullopt : std::optional(place->second);
}

EpochFacts& EpochRegister::at(std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  return facts_.at(number);
}

std::size_t EpochRegister::size() {
  const std::lock_guard lock(mutex_);
  return facts_.size();
}

}  // namespace twinlog
