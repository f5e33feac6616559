// More of something than is held or compared: it is bounded, and it is told.
#include "tests/verify/attacked.h"

namespace twinlog::testing {
namespace {

class Amounts : public Attacked {
 protected:
  /// An agent that lives, and has sent more of one account than any checkpoint covers.
  void send_without_checkpoint(int count) {
    living_.emplace(world_, Epoch::Begin{.seed = 2, .agent = "auth-2", .at = now_});
    living_->heartbeat();
    now_ = living_->now();  // Before its due time, however many follow.
    for (int i = 0; i < count; ++i) {
      living_->event(login("acme", "f" + std::to_string(i)));
    }
    living_->flush();
  }
  std::optional<Epoch> living_;
};

TEST_F(Amounts, AnAccountOfTooManyPossibleStatesIsCountedWhileItsAgentLives) {
  send_without_checkpoint(1'100);
  const Verified verified = run();
  EXPECT_EQ(verified.exit, 0) << verified.text();
  EXPECT_EQ(verified.summary.unjudged_accounts, 2U);  // In each store.
  EXPECT_EQ(verified.summary.pending, 1'102U);
}

TEST_F(Amounts, AndIsPendingWhenItsAgentIsPastItsTime) {
  send_without_checkpoint(1'100);
  now_ += 3'600 * kSecond;
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kPending, kP, std::nullopt)) << verified.summary_line;
  EXPECT_TRUE(verified.has(Verdict::kPending, kM, std::nullopt)) << verified.summary_line;
  EXPECT_EQ(verified.exit, 2);
}

TEST_F(Amounts, SuchAnAccountWithoutARowIsToldToo) {
  send_without_checkpoint(1'100);
  std::erase_if(world_.postgres().accounts, [](const LedgerAccountRow& one) {
    return one.key == AccountKey{"acme", "id:u1"};
  });
  EXPECT_EQ(run().summary.unjudged_accounts, 2U);
  now_ += 3'600 * kSecond;
  EXPECT_TRUE(run().has(Verdict::kPending, kP, std::nullopt)) << run().summary_line;
}

TEST_F(Amounts, SuchAnAccountThatDoesNotFitItselfIsAMismatch) {
  send_without_checkpoint(1'100);
  world_.postgres().account("id:u1").account.failed_login_attempts += 1;
  expect(Verdict::kStateMismatch, kP, std::nullopt);
}

TEST_F(Amounts, FewerAreJudged) {
  send_without_checkpoint(1'000);
  EXPECT_EQ(run().exit, 0) << run().text();
  EXPECT_EQ(run().summary.unjudged_accounts, 0U);
}

TEST_F(Amounts, AFloodOfTilesAtOnePlaceIsToldAndHidesNothing) {
  constexpr std::uint64_t kFlood = 1'000;
  LedgerTileRow tile = world_.postgres().tile_of(first_->id(), 3);
  tile.first_index = 3;
  tile.leaf_count = 1;
  for (std::uint64_t i = 0; i < kFlood; ++i) {
    tile.hashes.assign(32, '\0');
    tile.hashes[0] = static_cast<char>(i % 251);
    tile.hashes[1] = static_cast<char>(i / 251);
    tile.hashes[2] = 1;
    world_.postgres().tiles.push_back(tile);
  }
  const Verified verified = run();
  EXPECT_TRUE(verified.has(Verdict::kModified, kP, 3)) << verified.summary_line;
  EXPECT_FALSE(verified.has(Verdict::kRootMismatch)) << verified.text();
  EXPECT_NE(verified.text().find("more tiles that differ at this place"), std::string::npos) << verified.text();
  EXPECT_EQ(verified.exit, 1);
}

}  // namespace
}  // namespace twinlog::testing
