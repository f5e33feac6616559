#include "agent/net/loop/buffer_budget.h"

#include <algorithm>
#include <vector>

namespace twinlog {

void BufferBudget::remove(Member& member) {
  held_ -= member.holding_.bytes;
  if (member.holding_.waiting_since && waiting_.erase({*member.holding_.waiting_since, &member}) > 0) {
    waiting_bytes_ -= member.holding_.bytes;
  }
  if (member.holding_.due) {
    due_.erase({*member.holding_.due, &member});
  }
  member.holding_ = {};
}

void BufferBudget::update(Member& member, const Holding& holding) {
  remove(member);
  member.holding_ = holding;
  held_ += holding.bytes;
  if (holding.waiting_since && holding.bytes > 0) {
    waiting_bytes_ += holding.bytes;
    waiting_.emplace(*holding.waiting_since, &member);
  }
  if (holding.due) {
    due_.emplace(*holding.due, &member);
  }
  resume_paused();
}

void BufferBudget::leave(Member& member) {
  remove(member);
  std::erase(paused_, &member);
  resume_paused();
}

void BufferBudget::back_from_front_door(std::size_t bytes) {
  at_front_door_ -= bytes;
  resume_paused();
}

bool BufferBudget::make_room() {
  while (used() >= limit_ && !waiting_.empty() && (waiting_bytes_ > limit_ / 2 || at_front_door_ == 0)) {
    waiting_.begin()->second->cut();
  }
  return used() < limit_;
}

void BufferBudget::expire_due(Holding::Time now) {
  std::vector<Member*> due;
  for (auto moment = due_.begin(); moment != due_.end() && moment->first <= now; ++moment) {
    due.push_back(moment->second);
  }
  for (Member* member : due) {
    member->expire();
  }
}

void BufferBudget::resume_paused() {
  if (resuming_) {
    return;  // The loop below goes on with the rest.
  }
  resuming_ = true;
  while (!paused_.empty() && used() < limit_) {
    Member* member = paused_.front();
    paused_.pop_front();
    member->resume();
  }
  resuming_ = false;
}

}  // namespace twinlog
