#include "spool/layout.h"

#include <gtest/gtest.h>

#include "spool/dead_letter_codec.h"
#include "spool/ledger_layout.h"

namespace twinlog {
namespace {

// The vectors of spool/FORMAT.md.
TEST(SpoolLayout, KeysAndValuesAreTheBytesOfTheFormatPage) {
  EXPECT_EQ(hex(event_key(258)), "0000000000000102");
  EXPECT_EQ(hex(id_key("acme", "e1")), "b26e8e43eed673dc313fb5bfa3f4e21a");
  EXPECT_EQ(hex(displaced_id_key(id_key("acme", "e1"), sha256("abc"))),
            "b26e8e43eed673dc313fb5bfa3f4e21aba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(newest_version_value({258, sha256("abc")})),
            "0000000000000102ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(number_value(7)), "0000000000000007");
  EXPECT_EQ(hex(format_value(kSpoolFormat)), "00000003");
  EXPECT_EQ(hex(epoch_key(0)), "65706f63682f0000000000000000");
  EXPECT_EQ(hex(skipped_key({2, 258})), "736b69707065642f00000000000000020000000000000102");
  EXPECT_EQ(hex(hash_run_key(258, 5)), "00000000000001020005");
  EXPECT_EQ(hex(dead_letter_key(StoreId::kPostgres, 258)), "010000000000000102");
  EXPECT_EQ(hex(dead_letter_key(StoreId::kMongodb, 258)), "020000000000000102");
  EXPECT_EQ(hex(letter_mark_key(StoreId::kPostgres, 258)), "6c65747465722f010000000000000102");
  EXPECT_EQ(hex(letter_mark_value({.is_discarded = true, .refused_at = 258, .received_at = 2})),
            "0200000000000001020000000000000002");
  EXPECT_EQ(hex(loss_value({.leaves = {5, 7}, .found_at = 3, .from = 1, .until = 2, .stores = 1})),
            "00000000000000030000000000000001000000000000000201");
  EXPECT_EQ(cursor_key(StoreId::kMongodb), "cursor/mongodb");
  EXPECT_EQ(incomplete_since_key(StoreId::kPostgres), "incomplete_since/postgres");
}

TEST(SpoolLayout, AnAcknowledgedLossSaysWhoKnewOfItWhenAndWhy) {
  const AcknowledgedLoss loss{{.leaves = {2, 258}, .found_at = 3, .from = 1, .until = 2}, {4, "maria", "disk"}};
  EXPECT_EQ(hex(acknowledged_value(loss)), std::string("000000000000000300000000000000010000000000000002") +
                                               "000000000000000400056d6172696100046469736b");
  const auto read = acknowledged_from(acknowledged_key(loss), acknowledged_value(loss));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->leaves, loss.leaves);
  EXPECT_EQ(read->until, 2);
  EXPECT_EQ(read->by, loss.by);
  EXPECT_EQ(read->stores, kAllStores);
  AcknowledgedLoss of_one = loss;
  of_one.stores = bit_of(StoreId::kMongodb);
  EXPECT_EQ(acknowledged_from(acknowledged_key(of_one), acknowledged_value(of_one))->stores, of_one.stores);
  EXPECT_NE(acknowledged_key(of_one), acknowledged_key(loss)) << "the other store's loss has a decision of its own";
  EXPECT_FALSE(acknowledged_from(lost_key({2, 258}), acknowledged_value(loss)));
  EXPECT_FALSE(acknowledged_from(acknowledged_key(loss), loss_value(loss)));
}

TEST(SpoolLayout, ALossThatWasAcknowledgedBeforeItWasKeptByWhomIsStillRead) {
  const std::string former =
      loss_value({.leaves = {2, 258}, .found_at = 3, .from = 1, .until = 2}) + number_value(4) + "disk replaced";
  const auto read = acknowledged_from(acknowledged_key(Loss{.leaves = {2, 258}}), former);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->found_at, 3);
  EXPECT_EQ(read->by, (Decision{4, "", "disk replaced"}));
}

TEST(SpoolLayout, HashesAreReadOneByOneOrInRunsAndOtherBytesAreNone) {
  const std::string one(as_text(sha256("a")));
  const std::string two = one + std::string(as_text(sha256("b")));
  const auto run = hash_run_from(hash_run_key(9, 2), two);
  ASSERT_TRUE(run.has_value());
  EXPECT_EQ(run->first, 8U);
  EXPECT_EQ(run->last(), 9U);
  EXPECT_EQ(run->hashes, two);
  const auto single = hash_run_from(event_key(9), one);
  ASSERT_TRUE(single.has_value());
  EXPECT_EQ(single->first, 9U);
  EXPECT_EQ(single->last(), 9U);
  EXPECT_EQ(last_number_of_key(hash_run_key(9, 2)), 9U);
  EXPECT_EQ(last_number_of_key(event_key(9)), 9U);
  EXPECT_FALSE(last_number_of_key("123456789").has_value());
  EXPECT_FALSE(hash_run_from(event_key(9), two).has_value()) << "what follows the hash is no leaf that has it";
  EXPECT_FALSE(hash_run_from(hash_run_key(9, 1), two).has_value());
  EXPECT_FALSE(hash_run_from(hash_run_key(9, 3), two).has_value());
  EXPECT_FALSE(hash_run_from(hash_run_key(9, 2), two.substr(1)).has_value());
  EXPECT_FALSE(hash_run_from(hash_run_key(9, 0), "").has_value());
  EXPECT_FALSE(hash_run_from(hash_run_key(1, 2), two).has_value()) << "it would begin below the first number";
  const std::string many(129 * sizeof(Digest), 'h');
  EXPECT_TRUE(hash_run_from(hash_run_key(500, 128), std::string_view(many).substr(sizeof(Digest))).has_value());
  EXPECT_FALSE(hash_run_from(hash_run_key(500, 129), many).has_value());
}

TEST(SpoolLayout, ValuesRoundTripAndOtherBytesAreNone) {
  const auto newest = newest_version_from(newest_version_value({9, sha256("x")}));
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ(newest->leaf, 9U);
  EXPECT_EQ(newest->content_hash, sha256("x"));
  EXPECT_FALSE(newest_version_from("short").has_value());
  EXPECT_EQ(leaf_of_id_value(number_value(4)), 4U);
  EXPECT_EQ(leaf_of_id_value(newest_version_value({9, sha256("x")})), 9U);
  EXPECT_FALSE(leaf_of_id_value("123456789").has_value());
  EXPECT_FALSE(leaf_of_event_key("1234567").has_value());
  EXPECT_FALSE(format_from("12345").has_value());
  const Loss loss{.leaves = {5, 7}, .found_at = 3, .from = 1, .until = 2, .stores = bit_of(StoreId::kMongodb)};
  const auto read = loss_from(lost_key(loss.leaves), loss_value(loss));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->leaves, loss.leaves);
  EXPECT_EQ(read->until, 2);
  EXPECT_TRUE(is_lost_for(*read, StoreId::kMongodb));
  EXPECT_FALSE(is_lost_for(*read, StoreId::kPostgres));
  const auto mark = letter_mark_from(letter_mark_value({.is_discarded = true, .refused_at = 4, .received_at = 5}));
  ASSERT_TRUE(mark.has_value());
  EXPECT_TRUE(mark->is_discarded);
  EXPECT_EQ(mark->received_at, 5);
  EXPECT_FALSE(letter_mark_from(std::string(17, '\3')).has_value()) << "no such state";
  EXPECT_FALSE(letter_mark_from("\1short").has_value());
}

}  // namespace
}  // namespace twinlog
