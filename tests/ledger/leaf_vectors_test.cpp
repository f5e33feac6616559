// The vectors of ledger/FORMAT.md: leaves, commitments and the tree over them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/field_table.h"
#include "ledger/tree/frontier.h"
#include "ledger/tree/merkle.h"
#include "tests/ledger/scene.h"

namespace twinlog {
namespace {

struct LeafVector {
  std::string_view bytes;  ///< Hexadecimal; "" where only hash and root are given.
  std::string_view hash;
  std::string_view root;
};
const std::vector<LeafVector> vectors = {
    {"", "bbc909cf9cf26feb0088de4af61a90d0a4fbf35892d36f9b76f2abd6bfb95089",
     "bbc909cf9cf26feb0088de4af61a90d0a4fbf35892d36f9b76f2abd6bfb95089"},
    {"54574c3101000000019ab3c4d5e67f0081020304050607f80000000000000001000660fc38c19620060000000800000000000000000700000"
     "0"
     "0901000003e8000003e808000000206e6301c55b5804a233d5db46f7060cf37762f0373c50f6c996a8d3aeb0078dc8",
     "8d851697359079c88e21f95d245c403b00cccc84f6a1794d363b193153be1242",
     "f0d98040482032b1da5e69efdd1c931a6c889b5ab9308831891f043a924d3448"},
    {"54574c310a000000019ab3c4d5e67f0081020304050607f80000000000000002000660fc38c31cc02900000020019ab3c4d5e67f008102030"
     "4"
     "050607f8000000000000000100000000000000012a00000001022c00000001022d00000003313231",
     "2e1a5b3ff4667cf5e5ede08a9c43c8892c96e8beac53bbb6373022bbfe3e8dad",
     "ca2780bd6249d9ad4ff2e59ea38a8238a813417f3fcf797dd75b519f56048eff"},
    {"54574c3104000000019ab3c4d5e67f0081020304050607f80000000000000003000660fc395a2ca0400000000800000000000000014100000"
     "0"
     "28000000000000000100000000000000000000000000000000000000000000000000000000000000004200000010000000000000000200000"
     "0"
     "000000000043000000080000000000a037a04400000008000660fc5d1d72a0",
     "7f353b383a689d92409eb6c3761d062d613e6ce05eb7940d998339a90645afb8",
     "189192a6a0736c43a656e85505bdec9e47f57611171035f84ce6446c97f43e22"},
    {"54574c310b000000019ab3c4d5e67f0081020304050607f80000000000000004000660fc39eb22002b0000000101400000000800000000000"
     "0"
     "00044100000028000000000000000100000000000000000000000000000000000000000000000000000000000000004200000010000000000"
     "0"
     "000004000000000000000443000000080000000001312d00",
     "ec1dc21abfa4fd8981ec0fae17e4a400dddcd620773b9884cd045746d591bf77",
     "7be49c789c0e83333f148948fe9b59b3595913b16d5cfe02983d5ed15fd61b01"},
};

TEST(LeafVectors, SaltAndCommitmentHold) {
  const RecordKey& key = ledger_scene::record_key();
  EXPECT_EQ(hex(salt_of(key, kFieldUsername)), "b9322f19c62b38e9bed82bd3e67b1319");
  EXPECT_EQ(hex(commitment(kFieldTenantId, salt_of(key, kFieldTenantId), "acme")),
            "a3e77b29ace8b58a87ec52f2e2a2771da4581ec535b8139913086a3bc472852b");
  EXPECT_EQ(hex(content_root(ledger_scene::version().event, key)),
            "6e6301c55b5804a233d5db46f7060cf37762f0373c50f6c996a8d3aeb0078dc8");
}

TEST(LeafVectors, OfEveryTypeHoldToTheByteAndGiveTheRoots) {
  const std::vector<std::string> leaves = ledger_scene::leaves();
  ASSERT_EQ(leaves.size(), vectors.size());
  EXPECT_EQ(leaves[0].size(), 358U);
  Frontier frontier;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_TRUE(vectors[i].bytes.empty() || hex(leaves[i]) == vectors[i].bytes) << i << " " << hex(leaves[i]);
    EXPECT_EQ(hex(leaf_hash(leaves[i])), vectors[i].hash) << i;
    frontier.append(leaf_hash(leaves[i]));
    EXPECT_EQ(hex(frontier.root()), vectors[i].root) << i;
    const Result<Leaf> parsed = parse_leaf(leaves[i]);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->content, ledger_scene::contents()[i]) << i;
    EXPECT_EQ(encode_leaf(parsed->header, parsed->content), leaves[i]);
  }
}

TEST(LeafVectors, TheLeafOfAVersionIsItsEventLeaf) {
  EXPECT_EQ(event_leaf(ledger_scene::version()), ledger_scene::leaves()[1]);
}

TEST(LeafVectors, ErasureAndRetentionHold) {
  const std::string erased = encode_leaf(ledger_scene::erasure().header, ledger_scene::erasure().content);
  const std::string pruned = encode_leaf(ledger_scene::retention().header, ledger_scene::retention().content);
  EXPECT_EQ(hex(erased),
            "54574c3108000000019ab3c4d5e67f0081020304050607f80000000000000005000660fc3a83b88022000000030607192300"
            "000007474450522d31372900000020019ab3c4d5e67f0081020304050607f800000000000000010000000000000001");
  EXPECT_EQ(hex(leaf_hash(erased)), "a25c038cce21a69fd519a65e5aea8908ad3cf85305bd54760aebc79861aba130");
  EXPECT_EQ(hex(pruned),
            "54574c3109000000019ab3c4d5e67f0081020304050607f80000000000000006000660fc3b1c4f002900000020019ab3c4d5"
            "e67f0081020304050607f8000000000000000100000000000000042f000000033930643800000038019ab000000070008000"
            "00000000000100000000000000057be49c789c0e83333f148948fe9b59b3595913b16d5cfe02983d5ed15fd61b01");
  EXPECT_EQ(hex(leaf_hash(pruned)), "16617ee67395ddc13d4bc01e248c1bb82d04b3c73e5b5087bcb552ad5406535b");
}

TEST(LeafVectors, WhatStaysOfAnErasedVersionHolds) {
  AuthEvent event = ledger_scene::version().event;
  const RecordKey& key = ledger_scene::record_key();
  const KeptFields kept = kept_after(event, key, {kFieldUserId, kFieldAccount});
  EXPECT_EQ(hex(salts_bytes(kept)),
            "01007346139595c0b41e497bbde365f42d0a020049d68753999ba68ce3897a686081b09d0300b9ad2b2e346ac238505d365e"
            "9cb7fc5604003063b6df0a2cdbb0851251d2c669d1bf06015506ef242bf6952553aaae206925308a91cc3a8c90ac23e6c67a"
            "6dc8af04b9601901e5276355d055e9d6ddced8ad005aa63df25e82b1c78ad33c70f2abbf46e4cb11");
  event.user_id.reset();
  event.account.reset();
  const Result<Digest> root = content_root(event, kept);
  ASSERT_TRUE(root) << root.error().message();
  EXPECT_EQ(*root, content_root(ledger_scene::version().event, key));
}

}  // namespace
}  // namespace twinlog
