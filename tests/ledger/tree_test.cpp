// The tree against RFC 6962's vectors and given_leaves hashes; proofs of every size up to 300, and of none that was
// changed.
#include <gtest/gtest.h>

#include <random>
#include <span>
#include <string>
#include <vector>

#include "ledger/base/base64.h"
#include "ledger/tree/frontier.h"
#include "ledger/tree/merkle.h"
#include "ledger/tree/tree_proof.h"

namespace twinlog {
namespace {

constexpr std::uint64_t kMostLeaves = 300;

Digest digest_of(std::string_view text) {
  return *array_from<32>(*from_hex(text));
}

std::vector<Digest> some_leaves(std::uint64_t count) {
  std::vector<Digest> leaves;
  for (std::uint64_t i = 0; i < count; ++i) {
    leaves.push_back(leaf_hash(std::to_string(i)));
  }
  return leaves;
}

TEST(Tree, HoldsToTheVectorsOfRfc6962) {
  EXPECT_EQ(hex(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(leaf_hash("L123456")), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
  EXPECT_EQ(hex(Frontier().root()), hex(empty_root()));
  const std::vector<std::string_view> inputs = {
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  const std::vector<std::string_view> roots = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                               "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                               "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                               "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                               "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                               "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                               "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  Frontier frontier;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    frontier.append(leaf_hash(*from_hex(inputs[i])));
    EXPECT_EQ(hex(frontier.root()), roots[i]) << i;
  }
}

const std::vector<Digest> given_leaves = {
    digest_of("f4c4a73006dadb2870a085d68b7f4c34645f525432c2fcfa221109ae00eab419"),
    digest_of("0ebfc9063172e4deb502f7ea2a300bd0f5105cbb95bc23dc30a55271bdaef7a9"),
    digest_of("db3d3c00e586da5314c0e08fbd73fe2caef9d8eff7ab437feae901cfdb462841"),
    digest_of("d0842bd62b1fc7d30b0ff7a6b733820a7864abc8c50f29a54cbfc0a3c0254ad1"),
    digest_of("4f45e4bef6bd291b23b60ea0b60bd773ee22b98a5facbf835f20f13e981d568a")};

std::vector<std::string> texts_of(const std::vector<Digest>& proof) {
  std::vector<std::string> texts;
  texts.reserve(proof.size());
  for (const Digest& hash : proof) {
    texts.push_back(base64(as_text(hash)));
  }
  return texts;
}

TEST(Tree, OverGivenHashesHasTheGivenRoots) {
  const std::span<const Digest> given(given_leaves);
  EXPECT_EQ(hex(root_of(given.first(1))), hex(given[0]));
  EXPECT_EQ(hex(root_of(given.first(2))), "3e50c8476dcd00f2039a2b2a3fc91af9af0028fdc4c87c54649b3a5cab67d990");
  EXPECT_EQ(hex(root_of(given.first(3))), "3a1fa5b3b56f495da3d1f3997a0442967ae731b0073f0108a59450023ac43060");
  EXPECT_EQ(hex(root_of(given.first(4))), "3aa30b1ca9390b8c8f9043be56f1625402fb280666f6507757bfa43bd940b179");
  EXPECT_EQ(hex(root_of(given)), "dfaab64d51509060c9702d1f2d80070936eb2cf77de21fd143ad144cc66ebdc2");
}

TEST(Tree, OverGivenHashesHasTheGivenConsistencyProofs) {
  EXPECT_EQ(texts_of(consistency_proof(given_leaves, 1)),
            (std::vector<std::string>{
                "Dr/JBjFy5N61AvfqKjAL0PUQXLuVvCPcMKVScb2u96k=", "df8RMKqFHicWbbIhBxQ39q04LGlfQaLdJvkJKHcMA80=",
                "T0Xkvva9KRsjtg6gtgvXc+4iuYpfrL+DXyDxPpgdVoo="}));
  EXPECT_EQ(texts_of(consistency_proof(given_leaves, 3)),
            (std::vector<std::string>{
                "2z08AOWG2lMUwOCPvXP+LK752O/3q0N/6ukBz9tGKEE=", "0IQr1isfx9MLD/emtzOCCnhkq8jFDymlTL/Ao8AlStE=",
                "PlDIR23NAPIDmisqP8ka+a8AKP3EyHxUZJs6XKtn2ZA=", "T0Xkvva9KRsjtg6gtgvXc+4iuYpfrL+DXyDxPpgdVoo="}));
}

TEST(Tree, FrontierOfEverySizeIsTakenUpAgainAndOfNoOtherCount) {
  Frontier frontier;
  const std::vector<Digest> leaves = some_leaves(kMostLeaves);
  for (std::uint64_t size = 1; size <= kMostLeaves; ++size) {
    frontier.append(leaves[size - 1]);
    EXPECT_EQ(frontier.root(), root_of(std::span(leaves).first(size))) << size;
    EXPECT_EQ(Frontier::from(size, frontier.hashes()), frontier) << size;
    EXPECT_FALSE(Frontier::from(size, std::span(frontier.hashes()).subspan(1))) << size;
  }
}

/// One bit of one hash is another.
std::vector<Digest> with_a_bit_changed(std::vector<Digest> proof, std::mt19937_64& random) {
  Digest& hash = proof[random() % proof.size()];
  hash[random() % hash.size()] ^= static_cast<std::uint8_t>(1U << random() % 8U);
  return proof;
}

TEST(Tree, InclusionIsProvedOfEveryLeafAndOfNoOther) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::vector<Digest> all = some_leaves(kMostLeaves);
  for (std::uint64_t size = 1; size <= kMostLeaves; ++size) {
    const std::span<const Digest> leaves = std::span(all).first(size);
    const TreeHead head{size, root_of(leaves)};
    for (std::uint64_t index = 0; index < size; index += 1 + random() % 7) {
      const std::vector<Digest> proof = inclusion_proof(leaves, index);
      ASSERT_TRUE(is_included(all[index], index, head, proof)) << size << " " << index;
      EXPECT_FALSE(is_included(with_a_bit_changed({all[index]}, random)[0], index, head, proof));
      EXPECT_FALSE(is_included(all[index], index, {size, with_a_bit_changed({head.root}, random)[0]}, proof));
      EXPECT_FALSE(is_included(all[index], size + index, head, proof));
      std::vector<Digest> longer = proof;
      longer.push_back(all[0]);
      EXPECT_FALSE(is_included(all[index], index, head, longer));
      if (!proof.empty()) {
        EXPECT_FALSE(is_included(all[index], index ^ 1U, head, proof)) << size << " " << index;
        EXPECT_FALSE(is_included(all[index], index, head, with_a_bit_changed(proof, random)));
        EXPECT_FALSE(is_included(all[index], index, head, std::span(proof).first(proof.size() - 1)));
      }
    }
  }
}

TEST(Tree, ConsistencyIsProvedOfEverySizeAndOfNoOtherTree) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::vector<Digest> all = some_leaves(kMostLeaves);
  for (std::uint64_t size = 1; size <= kMostLeaves; ++size) {
    const std::span<const Digest> leaves = std::span(all).first(size);
    const TreeHead head{size, root_of(leaves)};
    for (std::uint64_t old_size = 1; old_size <= size; old_size += 1 + random() % 7) {
      const TreeHead old_head{old_size, root_of(leaves.first(old_size))};
      const std::vector<Digest> proof = consistency_proof(leaves, old_size);
      ASSERT_TRUE(is_consistent(old_head, head, proof)) << old_size << " " << size;
      EXPECT_FALSE(is_consistent({old_size, with_a_bit_changed({old_head.root}, random)[0]}, head, proof));
      EXPECT_FALSE(is_consistent(old_head, {size, with_a_bit_changed({head.root}, random)[0]}, proof));
      std::vector<Digest> longer = proof;
      longer.push_back(all[0]);
      EXPECT_FALSE(is_consistent(old_head, head, longer));
      if (!proof.empty()) {
        EXPECT_FALSE(is_consistent(old_head, head, with_a_bit_changed(proof, random)));
        EXPECT_FALSE(is_consistent(old_head, head, std::span(proof).first(proof.size() - 1)));
      }
    }
  }
}

TEST(Tree, OfNoLeafProvesNothing) {
  const std::vector<Digest> leaves = some_leaves(4);
  const TreeHead head{4, root_of(leaves)};
  EXPECT_FALSE(is_consistent({0, empty_root()}, head, {}));
  EXPECT_FALSE(is_consistent({5, head.root}, head, {}));
  EXPECT_FALSE(is_included(leaves[0], 0, {0, empty_root()}, {}));
}

}  // namespace
}  // namespace twinlog
