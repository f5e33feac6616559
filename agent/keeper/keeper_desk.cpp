#include "agent/keeper/keeper_desk.h"

#include <utility>

namespace twinlog {

Result<std::uint64_t> KeeperDesk::take(KeeperOrder order) {
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (state_.number > 0 && state_.stage == OrderState::Stage::kRunning) {
      return Error(ErrorKind::kTransient, "another order is being carried out; try again when it is done");
    }
    waiting_ = std::move(order);
    number = state_.number + 1;
    state_ = {.number = number, .stage = OrderState::Stage::kRunning, .words = "begun"};
  }
  wake_();
  return number;
}

std::optional<OrderState> KeeperDesk::state(std::uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  return state_.number == number && number > 0 ? std::optional(state_) : std::nullopt;
}

void KeeperDesk::step() {
  std::optional<KeeperOrder> order;
  {
    const std::scoped_lock lock(mutex_);
    order = std::exchange(waiting_, std::nullopt);
  }
  if (!order) {
    return;
  }
  const Result<std::string> outcome = work_(*order, [this](const std::string& words) {
    const std::scoped_lock lock(mutex_);
    state_.words = words;
  });
  const std::scoped_lock lock(mutex_);
  state_.stage = outcome ? OrderState::Stage::kDone : OrderState::Stage::kFailed;
  state_.words = outcome ? *outcome : outcome.error().message();
}

}  // namespace twinlog
