// The vectors of ledger/FORMAT.md, leaves and tree.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/field_table.h"
#include "ledger/record/canonical.h"
#include "ledger/tree/frontier.h"
#include "ledger/tree/merkle.h"

namespace twinlog {
namespace {

constexpr UtcMicros kBegin = 1'795'486'260'000'000;
const Uuid kEpoch = *uuid_from_text("019ab3c4-d5e6-7f00-8102-0304050607f8");
const RecordKey kKey = *array_from<16>(*from_hex("000102030405060708090a0b0c0d0e0f"));
constexpr std::string_view kOrigin =
    "audit.example.com/twinlog/prod-1/auth/auth-7f9c/019ab3c4-d5e6-7f00-8102-0304050607f8";

LeafHeader header(std::uint64_t index, UtcMicros after) {
  return {kEpoch, index, kBegin + after};
}

OpenLeaf vector_open() {
  OpenLeaf open;
  open.origin = kOrigin;
  open.verifier_key = std::string(kOrigin) + "+9b8b8cb8+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
  open.reason = OpenReason::kFirst;
  open.agent = R"({"agent":"auth-7f9c","node":"n1","pod":"p1","version":"0.1.0"})";
  open.due = kBegin + 600'000'000;
  return open;
}

Version vector_version() {
  Version version;
  version.event = *parse_content(
      R"({"account":"id:u1","event_type":"login_success","log_id":"e-1","occurred_at":1709204400123456,"tenant_id":"acme","user_id":"u1"})");
  version.epoch_id = kEpoch;
  version.leaf_index = 1;
  version.received_at = kBegin + 500'000;
  version.arrival = {Ingress::kUnix, 1000, 1000};
  version.ledger = LedgerPlace{0, kKey};
  return version;
}

GapLeaf vector_gap() {
  return {{{kEpoch, 1, 1}}, GapReason::kRefusedByStore, GapStore::kMongodb, "121"};
}

HeartbeatLeaf vector_heartbeat() {
  HeartbeatLeaf heartbeat;
  heartbeat.tally.previous_checkpoint = 1;
  heartbeat.tally.accepted = 1;
  heartbeat.tally.confirmed_postgres = 2;
  heartbeat.tally.boottime_micros = 10'500'000;
  heartbeat.due = kBegin + 10'000'000 + 600'000'000;
  return heartbeat;
}

TEST(LeafVectors, SaltAndCommitmentHold) {
  EXPECT_EQ(hex(salt_of(kKey, kFieldUsername)), "b9322f19c62b38e9bed82bd3e67b1319");
  EXPECT_EQ(hex(commitment(kFieldTenantId, salt_of(kKey, kFieldTenantId), "acme")),
            "a3e77b29ace8b58a87ec52f2e2a2771da4581ec535b8139913086a3bc472852b");
  const std::string root = hex(content_root(vector_version().event, kKey));
  EXPECT_EQ(root.substr(0, 8), "6e6301c5");
  EXPECT_EQ(root.substr(root.size() - 5), "78dc8");
}

TEST(LeafVectors, OfEveryTypeHoldToTheByteAndGiveTheRoots) {
  const std::vector<std::string> leaves = {encode_leaf(header(0, 0), vector_open()), event_leaf(vector_version()),
                                           encode_leaf(header(2, 800'000), vector_gap()),
                                           encode_leaf(header(3, 10'000'000), vector_heartbeat())};
  EXPECT_EQ(leaves[0].size(), 358U);
  EXPECT_EQ(hex(leaves[1]),
            "54574c3101000000019ab3c4d5e67f0081020304050607f80000000000000001000660fc38c1962006000000080000000000000000"
            "07000000"
            "0901000003e8000003e808000000206e6301c55b5804a233d5db46f7060cf37762f0373c50f6c996a8d3aeb0078dc8");
  const std::vector<std::string> roots = {"bbc909cf9cf26feb0088de4af61a90d0a4fbf35892d36f9b76f2abd6bfb95089",
                                          "f0d98040482032b1da5e69efdd1c931a6c889b5ab9308831891f043a924d3448"};
  Frontier frontier;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    frontier.append(leaf_hash(leaves[i]));
    if (i < roots.size()) {
      EXPECT_EQ(hex(frontier.root()), roots[i]) << i;
    }
    const Result<Leaf> parsed = parse_leaf(leaves[i]);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(encode_leaf(parsed->header, parsed->content), leaves[i]);
  }
}

TEST(LeafVectors, OfTheSpecificationParseAndAreWrittenAgain) {
  const std::string gap =
      "54574c310a000000019ab3c4d5e67f0081020304050607f80000000000000002000660fc38c31cc02900000020019ab3c4d5e67f00810203"
      "04050607f8000000000000000100000000000000012a00000001022c00000001022d00000003313231";
  const std::string heartbeat =
      "54574c3104000000019ab3c4d5e67f0081020304050607f80000000000000003000660fc395a2ca040000000080000000000000001410000"
      "00"
      "2800000000000000010000000000000000000000000000000000000000000000000000000000000000420000001000000000000000020000"
      "00"
      "000000000043000000080000000000a037a04400000008000660fc5d1d72a0";
  const std::string close =
      "54574c310b000000019ab3c4d5e67f0081020304050607f80000000000000004000660fc39eb22002b000000010140000000080000000000"
      "0000"
      "0441000000280000000000000001000000000000000000000000000000000000000000000000000000000000000042000000100000000000"
      "000004"
      "000000000000000443000000080000000001312d00";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {gap, "2e1a5b3ff4667cf5e5ede08a9c43c8892c96e8beac53bbb6373022bbfe3e8dad"},
      {heartbeat, "7f353b383a689d92409eb6c3761d062d613e6ce05eb7940d998339a90645afb8"},
      {close, "ec1dc21abfa4fd8981ec0fae17e4a400dddcd620773b9884cd045746d591bf77"}};
  Frontier frontier;
  frontier.append(leaf_hash(encode_leaf(header(0, 0), vector_open())));
  frontier.append(leaf_hash(event_leaf(vector_version())));
  const std::vector<std::string> roots = {"ca2780bd6249d9ad4ff2e59ea38a8238a813417f3fcf797dd75b519f56048eff",
                                          "189192a6a0736c43a656e85505bdec9e47f57611171035f84ce6446c97f43e22",
                                          "7be49c789c0e83333f148948fe9b59b3595913b16d5cfe02983d5ed15fd61b01"};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string bytes = *from_hex(cases[i].first);
    EXPECT_EQ(hex(leaf_hash(bytes)), cases[i].second);
    const Result<Leaf> parsed = parse_leaf(bytes);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(hex(encode_leaf(parsed->header, parsed->content)), cases[i].first);
    frontier.append(leaf_hash(bytes));
    EXPECT_EQ(hex(frontier.root()), roots[i]);
  }
}

}  // namespace
}  // namespace twinlog
