#include "agent/net/loop/crowd.h"

namespace twinlog {

void Crowd::enter(Member& member) {
  member.crowd_ = this;
  ++open_;
}

void Crowd::leave(Member& member) {
  if (member.crowd_ != nullptr) {
    set_yielding(member, false);
    --member.crowd_->open_;
    member.crowd_ = nullptr;
  }
}

void Crowd::moved(Member& member) {
  if (member.yields_) {
    std::list<Member*>& order = member.crowd_->yielding_;
    order.splice(order.end(), order, member.place_);
  }
}

bool Crowd::set_yielding(Member& member, bool yields) {
  if (member.crowd_ == nullptr || member.yields_ == yields) {
    return false;
  }
  member.yields_ = yields;
  std::list<Member*>& order = member.crowd_->yielding_;
  if (yields) {
    member.place_ = order.insert(order.end(), &member);
  } else {
    order.erase(member.place_);
  }
  return yields;
}

}  // namespace twinlog
