// What a store refuses for good: kept with the cursor in one write, found by repeats, settled, and never forgotten.
#include <gmock/gmock.h>

#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_event;
using D = Disposition;
constexpr StoreId kPg = StoreId::kPostgres;
constexpr StoreId kDocs = StoreId::kMongodb;

class SpoolDeadLetters : public testing::SpoolTest {
 protected:
  Status keep(StoreId store, std::uint64_t cursor, const std::vector<std::uint64_t>& leaves) {
    std::vector<DeadLetter> letters;
    letters.reserve(leaves.size());
    for (const std::uint64_t leaf : leaves) {
      letters.push_back(letter_of(leaf));
    }
    return spool().keep_dead_letters(store, cursor, letters);
  }
  std::vector<std::uint64_t> listed(StoreId store) {
    std::vector<std::uint64_t> leaves;
    const Result<std::vector<DeadLetter>> letters = spool().dead_letters(store, 0, 100);
    for (const DeadLetter& letter : *letters) {
      leaves.push_back(letter.version.leaf_index);
    }
    return leaves;
  }
  DeadLetterCounts counts(StoreId store) { return spool().stats().dead_letters.at(static_cast<std::size_t>(store)); }
};

TEST_F(SpoolDeadLetters, AreKeptWithTheCursorForOneStoreAloneAndOverAStart) {
  open();
  store_many("a", 10);
  const DeadLetter sent = letter_of(3);
  ASSERT_TRUE(keep(kPg, 5, {3, 4}).ok());
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(spool().cursor(kPg), 5U);
    EXPECT_EQ(spool().cursor(kDocs), 0U);
    EXPECT_THAT(listed(kPg), ElementsAre(3, 4));
    EXPECT_THAT(listed(kDocs), IsEmpty());
    EXPECT_THAT(spool().dead_leaves(kPg, {1, 3}), ElementsAre(3));
    EXPECT_EQ(counts(kPg).letters, 2U);
    EXPECT_GT(counts(kPg).bytes, 0U);
    EXPECT_EQ(counts(kPg).accounts, 1U) << "both speak to maria";
    EXPECT_EQ(counts(kPg).oldest_refused_at, sent.refused_at);
    const DeadLetter kept = spool().dead_letters(kPg, 2, 1)->front();
    EXPECT_EQ(kept.version, sent.version);
    EXPECT_EQ(kept.code, "23514");
    EXPECT_EQ(kept.constraint, "a_check");
    EXPECT_EQ(kept.where, "records");
    EXPECT_EQ(kept.words, "the store refuses it");
    open();
  }
}

TEST_F(SpoolDeadLetters, OutliveTheirEventAndARepeatFindsThem) {
  settings_.keep_delivered = std::chrono::milliseconds(0);
  open();
  const AcceptedEvent refused = make_event("refused");
  ASSERT_EQ(offer_one(refused), D::kStored);
  store_many("a", 10);
  ASSERT_TRUE(keep(kPg, 11, {1}).ok());
  deliver_all();
  settle();
  ASSERT_GT(spool().stats().first_kept_leaf, 11U);
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(listed(kPg), ElementsAre(1));
    EXPECT_EQ(offer_one(refused), D::kDuplicate);
    EXPECT_EQ(spool().last_leaf(), 11U);
    open();
  }
  EXPECT_EQ(offer_one(make_event("refused", {.username = "other"})), D::kStored) << "another content is another event";
}

TEST_F(SpoolDeadLetters, ThatAreTakenAreGoneAndDiscardedOnesAreNeitherOfferedNorListed) {
  open();
  store_many("a", 10);
  ASSERT_TRUE(keep(kPg, 10, {2, 4, 6}).ok());
  const std::vector<std::uint64_t> taken = {2, 9};
  ASSERT_TRUE(spool().settle_dead_letters(kPg, taken, {}).ok());
  const std::vector<std::uint64_t> discarded = {4};
  ASSERT_TRUE(spool()
                  .settle_dead_letters(
                      kPg, discarded,
                      {.kind = Settlement::Kind::kDiscarded, .by = {clock_.utc_now(), "maria (1000)", "a test event"}})
                  .ok());
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(listed(kPg), ElementsAre(6));
    EXPECT_THAT(spool().dead_leaves(kPg, {1, 10}), ElementsAre(4, 6)) << "a rewind does not offer what was discarded";
    EXPECT_EQ(counts(kPg).letters, 1U);
    open();
  }
  ASSERT_TRUE(keep(kPg, 10, {4}).ok());
  EXPECT_THAT(listed(kPg), ElementsAre(6)) << "what was discarded stays so";
}

TEST_F(SpoolDeadLetters, BeyondTheirShareNothingMovesAndTheWordsSayWhatToDo) {
  settings_.dead_letters_max = 2000;
  open();
  store_many("a", 100);
  ASSERT_TRUE(keep(kPg, 1, {1}).ok());
  std::vector<std::uint64_t> many;
  for (std::uint64_t leaf = 2; leaf <= 50; ++leaf) {
    many.push_back(leaf);
  }
  const Status kept = keep(kPg, 50, many);
  ASSERT_FALSE(kept.ok());
  EXPECT_EQ(kept.error().kind(), ErrorKind::kRefused);
  EXPECT_THAT(kept.error().message(), HasSubstr("spool.dead_letters_max"));
  EXPECT_EQ(spool().cursor(kPg), 1U);
  EXPECT_THAT(listed(kPg), ElementsAre(1));
  EXPECT_TRUE(spool().stats().writable) << "only that store is held";
  const std::vector<std::uint64_t> first = {1};
  ASSERT_TRUE(spool().settle_dead_letters(kPg, first, {}).ok());
  EXPECT_TRUE(keep(kPg, 2, {2}).ok());
}

TEST_F(SpoolDeadLetters, OfBothStoresAreTwo) {
  open();
  const AcceptedEvent refused = make_event("refused");
  ASSERT_EQ(offer_one(refused), D::kStored);
  ASSERT_TRUE(keep(kPg, 1, {1}).ok());
  ASSERT_TRUE(keep(kDocs, 1, {1}).ok());
  const std::vector<std::uint64_t> first = {1};
  ASSERT_TRUE(spool().settle_dead_letters(kPg, first, {}).ok());
  EXPECT_THAT(listed(kPg), IsEmpty());
  EXPECT_THAT(listed(kDocs), ElementsAre(1));
  EXPECT_EQ(offer_one(refused), D::kDuplicate);
}

}  // namespace
}  // namespace twinlog
