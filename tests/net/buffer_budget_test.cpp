#include "agent/net/loop/buffer_budget.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

using std::chrono::seconds;

Holding waiting(std::size_t bytes, int since) {
  return {bytes, Holding::Time(seconds{since}), std::nullopt};
}

class Peer final : public BufferBudget::Member {
 public:
  explicit Peer(BufferBudget& budget) : budget_(budget) {}
  void cut() override {
    ++cuts;
    budget_.leave(*this);
  }
  void expire() override {
    ++expiries;
    budget_.leave(*this);
  }
  void resume() override { ++resumptions; }

  int cuts = 0;
  int expiries = 0;
  int resumptions = 0;

 private:
  BufferBudget& budget_;
};

TEST(BufferBudget, TheOneThatWaitsLongestIsCutUntilThereIsRoom) {
  BufferBudget budget(100);
  Peer young(budget);
  Peer old(budget);
  Peer oldest(budget);
  budget.update(young, waiting(40, 3));
  budget.update(old, waiting(40, 2));
  budget.update(oldest, waiting(20, 1));
  EXPECT_TRUE(budget.make_room());
  EXPECT_EQ(oldest.cuts + old.cuts * 10 + young.cuts * 100, 1);
  EXPECT_EQ(budget.used(), 80U);
}

TEST(BufferBudget, NobodyIsCutForWhatTheFrontDoorHolds) {
  BufferBudget budget(100);
  Peer peer(budget);
  budget.update(peer, waiting(50, 1));
  budget.hand_to_front_door(60);
  EXPECT_FALSE(budget.make_room());
  EXPECT_EQ(peer.cuts, 0);
  budget.pause(peer);
  budget.back_from_front_door(5);
  EXPECT_EQ(peer.resumptions, 0);
  budget.back_from_front_door(55);
  EXPECT_EQ(peer.resumptions, 1);
  EXPECT_TRUE(budget.make_room());
}

TEST(BufferBudget, ThoseWhoWaitForTheirPeersNeverHoldMoreThanHalfAgainstTheFrontDoor) {
  BufferBudget budget(100);
  Peer old(budget);
  Peer young(budget);
  budget.update(old, waiting(30, 1));
  budget.update(young, waiting(30, 2));
  budget.hand_to_front_door(70);
  EXPECT_FALSE(budget.make_room());
  EXPECT_EQ(old.cuts, 1);
  EXPECT_EQ(young.cuts, 0);
}

TEST(BufferBudget, WithNothingAtTheFrontDoorThereIsAlwaysRoomToMake) {
  BufferBudget budget(100);
  Peer only(budget);
  budget.update(only, waiting(500, 1));
  EXPECT_TRUE(budget.make_room());
  EXPECT_EQ(only.cuts, 1);
  EXPECT_EQ(budget.used(), 0U);
}

TEST(BufferBudget, ThoseThatAreDueExpireAndNoOthers) {
  BufferBudget budget(100);
  Peer due(budget);
  Peer later(budget);
  Peer never(budget);
  budget.update(due, {1, Holding::Time(seconds{1}), Holding::Time(seconds{10})});
  budget.update(later, {1, Holding::Time(seconds{1}), Holding::Time(seconds{11})});
  budget.update(never, waiting(1, 1));
  budget.expire_due(Holding::Time(seconds{10}));
  EXPECT_EQ(due.expiries, 1);
  EXPECT_EQ(later.expiries + never.expiries, 0);
}

TEST(BufferBudget, OneThatLeavesIsNotResumed) {
  BufferBudget budget(100);
  Peer gone(budget);
  budget.hand_to_front_door(100);
  budget.pause(gone);
  budget.leave(gone);
  budget.back_from_front_door(100);
  EXPECT_EQ(gone.resumptions, 0);
}

}  // namespace
}  // namespace twinlog
