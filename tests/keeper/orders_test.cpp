// What is an order, and what is said where it is none.
#include "agent/keeper/orders.h"

#include <gmock/gmock.h>

#include "agent/keeper/leaf_ranges.h"

namespace twinlog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ErasureWords words_of(const std::string& fields) {
  return {.tenant_id = "acme", .log_id = "1", .account = "", .fields = fields, .request = "case 17"};
}

TEST(KeeperOrders, FieldsAreNumbersInOrder) {
  const auto order = erase_order(words_of("user_agent,ip"));
  ASSERT_TRUE(order.has_value());
  EXPECT_THAT(order->fields, ElementsAre(9, 11));
}

TEST(KeeperOrders, ANameTakesItsAccountAlong) {
  const auto order = erase_order(words_of("username"));
  ASSERT_TRUE(order.has_value());
  EXPECT_THAT(order->fields, ElementsAre(7, 25));
}

TEST(KeeperOrders, WhatTellsWhichRecordItIsCannotBeErased) {
  for (const std::string name : {"tenant_id", "log_id", "event_type", "occurred_at"}) {
    const auto order = erase_order(words_of("ip," + name));
    ASSERT_FALSE(order.has_value());
    EXPECT_THAT(order.error().message(), HasSubstr(name + " cannot be erased"));
  }
}

TEST(KeeperOrders, NoFieldAnUnknownOneAndAnEmptyOneAreNoOrder) {
  for (const std::string fields : {"", "agent", "ip,,channel"}) {
    EXPECT_FALSE(erase_order(words_of(fields)).has_value()) << fields;
  }
}

TEST(KeeperOrders, EitherARecordOrAnAccountAsTheMirrorNamesIt) {
  ErasureWords words = words_of("ip");
  words.account = "id:u1";
  EXPECT_FALSE(erase_order(words).has_value());
  words.log_id = "";
  EXPECT_TRUE(erase_order(words).has_value());
  words.account = "name: ALICE ";
  const auto folded = erase_order(words);
  ASSERT_TRUE(folded.has_value());
  EXPECT_EQ(folded->account, "name:alice");
  for (const std::string account : {"", "alice", "id:", "name: "}) {
    words.account = account;
    EXPECT_FALSE(erase_order(words).has_value()) << account;
  }
}

TEST(KeeperOrders, TheRequestFitsIntoALeaf) {
  ErasureWords words = words_of("ip");
  for (const std::string& request : {std::string(), std::string(65, 'x'), std::string("two\nlines")}) {
    words.request = request;
    EXPECT_FALSE(erase_order(words).has_value()) << request;
  }
  words.request = std::string(64, 'x');
  EXPECT_TRUE(erase_order(words).has_value());
}

TEST(KeeperOrders, RetentionHasATimeAndAPolicy) {
  const auto order = prune_order({.before = "1970-01-01T00:00:02Z", .policy = "12 months", .applies = true});
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(order->before, 2'000'000);
  EXPECT_FALSE(prune_order({.before = "yesterday", .policy = "12 months", .applies = true}).has_value());
  EXPECT_FALSE(prune_order({.before = "1970-01-01T00:00:02Z", .policy = "", .applies = true}).has_value());
}

TEST(KeeperOrders, NeighboursAreOneRangeAndLeavesAreAsManyAsItTakes) {
  std::set<LeafPlace> places;
  for (std::uint64_t index = 0; index < 3 * most_ranges_of_leaf(); ++index) {
    places.insert(LeafPlace{.epoch_id = {}, .index = 2 * index});
  }
  places.insert(LeafPlace{.epoch_id = {}, .index = 1});
  EXPECT_EQ(ranges_of(places).front(), (EpochRange{{}, 0, 2}));
  const auto leaves = leaves_over(PruneLeaf{.ranges = {}, .policy = std::string(64, 'p'), .epochs = {}}, places);
  ASSERT_EQ(leaves.size(), 3U);
  std::size_t ranges = 0;
  for (const LeafContent& leaf : leaves) {
    EXPECT_LE(encode_leaf({}, leaf).size(), kMostLeafBytes);
    ranges += std::get<PruneLeaf>(leaf).ranges.size();
  }
  EXPECT_EQ(ranges, ranges_of(places).size());
}

}  // namespace
}  // namespace twinlog
