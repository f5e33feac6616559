// Leaves of any content are read back as they were written; nothing else is read.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "ledger/leaf/leaf.h"
#include "ledger/leaf/leaf_tags.h"
#include "tests/ledger/scene.h"

namespace twinlog {
namespace {

using ledger_scene::flipped;

/// Leaves of any content, by a seed.
class SomeLeaf {
 public:
  explicit SomeLeaf(std::uint64_t seed) : random_(seed) {}

  Leaf make(LeafType type) {
    Leaf leaf;
    leaf.content = content(type);
    leaf.header = {array<16>(), type == LeafType::kOpen ? 0 : 1 + number() / 2, static_cast<UtcMicros>(number())};
    return leaf;
  }

 private:
  LeafContent content(LeafType type) {
    switch (type) {
      case LeafType::kEvent:
        return EventLeaf{number(), {chance() ? Ingress::kUnix : Ingress::kHttp, word(), word()}, array<32>()};
      case LeafType::kOpen:
        return open();
      case LeafType::kHeartbeat:
        return HeartbeatLeaf{trees(kMostWitnesses), tally(), static_cast<UtcMicros>(number())};
      case LeafType::kErase:
        return EraseLeaf{std::string("\x03\x07\x19", 1 + random_() % 3), optional_text(), ranges(1)};
      case LeafType::kPrune:
        return PruneLeaf{ranges(0), optional_text(), trees(40)};
      case LeafType::kGap:
        return GapLeaf{ranges(1), chance() ? GapReason::kDamagedSpool : GapReason::kRefusedByStore,
                       chance() ? std::optional(GapStore::kMongodb) : std::nullopt, optional_text()};
      case LeafType::kClose:
        return CloseLeaf{chance() ? CloseReason::kStop : CloseReason::kClock, tally()};
    }
    return {};
  }
  OpenLeaf open() {
    OpenLeaf open;
    open.origin = text();
    open.verifier_key = text();
    if (chance()) {
      open.previous = array<16>();
      if (chance()) {
        open.previous_tree = PreviousTree{number(), array<32>()};
      }
    }
    open.reason = static_cast<OpenReason>(1 + random_() % 5);
    open.agent = "{}";
    open.witnesses = trees(kMostWitnesses);
    open.due = static_cast<UtcMicros>(number());
    return open;
  }
  EpochTally tally() {
    return {number(), number(), number(), number(), number(), number(), number(), number(), number()};
  }
  std::vector<EpochRange> ranges(std::size_t least) {
    std::vector<EpochRange> ranges(least + random_() % 5);
    for (EpochRange& range : ranges) {
      const std::uint64_t first = number() / 2;
      range = {array<16>(), first, first + random_() % 100};
    }
    return ranges;
  }
  std::vector<Witness> trees(std::size_t most) {
    std::vector<Witness> trees(random_() % (most + 1));
    for (Witness& tree : trees) {
      tree = {array<16>(), number(), array<32>()};
    }
    return trees;
  }
  std::string text() { return std::string(1 + random_() % 60, static_cast<char>('a' + random_() % 26)); }
  std::optional<std::string> optional_text() { return chance() ? std::optional(text()) : std::nullopt; }
  template <std::size_t kSize>
  std::array<std::uint8_t, kSize> array() {
    std::array<std::uint8_t, kSize> bytes{};
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random_());
    }
    return bytes;
  }
  bool chance() { return random_() % 2 == 0; }
  std::uint32_t word() { return static_cast<std::uint32_t>(random_()); }
  std::uint64_t number() { return random_(); }

  std::mt19937_64 random_;
};

TEST(LeafForms, WhatIsWrittenIsReadBackAndWrittenTheSame) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SomeLeaf some(seed);
  for (int round = 0; round < 300; ++round) {
    for (const LeafType type : {LeafType::kEvent, LeafType::kOpen, LeafType::kHeartbeat, LeafType::kErase,
                                LeafType::kPrune, LeafType::kGap, LeafType::kClose}) {
      const Leaf leaf = some.make(type);
      const std::string bytes = encode_leaf(leaf.header, leaf.content);
      const Result<Leaf> parsed = parse_leaf(bytes);
      ASSERT_TRUE(parsed) << leaf_type_text(type) << ": " << parsed.error().message() << " " << hex(bytes);
      EXPECT_EQ(*parsed, leaf) << leaf_type_text(type);
      EXPECT_EQ(type_of(parsed->content), type);
      EXPECT_EQ(encode_leaf(parsed->header, parsed->content), bytes);
    }
  }
}

TEST(LeafForms, AChangedBitIsRefusedOrReadsAsAnotherLeaf) {
  for (const std::string& leaf : ledger_scene::leaves()) {
    const Result<Leaf> original = parse_leaf(leaf);
    ASSERT_TRUE(original);
    for (std::size_t i = 0; i < leaf.size() * 8; ++i) {
      const std::string changed = flipped(leaf, i / 8, i % 8);
      const Result<Leaf> parsed = parse_leaf(changed);
      EXPECT_TRUE(!parsed || *parsed != *original) << hex(leaf) << " bit " << i;
    }
  }
}

TEST(LeafForms, NoFrontOfALeafIsALeafWhereItsLastTagIsDemanded) {
  std::vector<std::string> leaves = ledger_scene::leaves();
  leaves.erase(leaves.begin() + 2);  // GAP may end without its code.
  for (const std::string& leaf : leaves) {
    for (std::size_t size = 0; size < leaf.size(); ++size) {
      EXPECT_FALSE(parse_leaf(leaf.substr(0, size))) << size;
    }
  }
}

std::string tag(std::uint8_t number, std::string_view value) {
  std::string bytes(1, static_cast<char>(number));
  put_u32(bytes, static_cast<std::uint32_t>(value.size()));
  return bytes.append(value);
}

std::string header(LeafType type, std::uint64_t index) {
  std::string bytes = "TWL1";
  bytes.push_back(static_cast<char>(type));
  bytes.append(3, '\0').append(as_text(ledger_scene::epoch_id()));
  put_u64(bytes, index);
  put_i64(bytes, ledger_scene::kBegin);
  return bytes;
}

std::string range(std::uint64_t first, std::uint64_t last) {
  std::string bytes(as_text(ledger_scene::epoch_id()));
  put_u64(bytes, first);
  put_u64(bytes, last);
  return bytes;
}

TEST(LeafForms, TagsOfLaterBuildsArePassedOver) {
  const std::string leaf = ledger_scene::leaves()[1] + tag(0x80, "later") + tag(0xFF, "");
  const Result<Leaf> parsed = parse_leaf(leaf);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->content, ledger_scene::contents()[1]);
}

struct Refusal {
  const char* name;
  std::string bytes;
  const char* words;
};

std::vector<Refusal> refusals() {
  const std::string event = ledger_scene::leaves()[1];
  const std::string open = ledger_scene::leaves()[0];
  const std::string gap = header(LeafType::kGap, 2);
  const std::string erase = header(LeafType::kErase, 2);
  const std::string one = tag(leaf_tag::kRanges, range(1, 1));
  const std::string reason = tag(leaf_tag::kGapReason, "\x01");
  std::string second_open = open;
  second_open[31] = 1;
  std::string early_event = event;
  early_event[31] = 0;
  std::string unknown_type = event;
  unknown_type[4] = 2;
  std::string reserved = event;
  reserved[6] = 1;
  return {
      {"another magic", "TWL2" + event.substr(4), "TWL1"},
      {"an unused type", unknown_type, "type is not known"},
      {"reserved bytes", reserved, "reserved"},
      {"an OPEN that is not first", second_open, "begins with OPEN"},
      {"an EVENT that is first", early_event, "begins with OPEN"},
      {"an unknown tag", event + tag(0x7F, "x"), "tag 7f does not belong"},
      {"a tag of another type", event + tag(leaf_tag::kRanges, range(1, 1)), "tag 29 does not belong"},
      {"a tag twice", event + tag(leaf_tag::kContentRoot, std::string(32, 'x')), "tag 08 is out of order"},
      {"tags that descend", gap + reason + one, "tag 29 is out of order"},
      {"bytes behind the last tag", event + std::string(4, '\x80'), "ends within a tag"},
      {"a missing range", gap + reason, "tag 29 is missing"},
      {"an empty range list", gap + tag(leaf_tag::kRanges, "") + reason, "tag 29 has another size"},
      {"half a range", gap + tag(leaf_tag::kRanges, range(1, 1) + "x") + reason, "tag 29 has another size"},
      {"a range that ends before it begins", gap + tag(leaf_tag::kRanges, range(2, 1)) + reason, "ends before"},
      {"an unknown reason", gap + one + tag(leaf_tag::kGapReason, "\x03"), "tag 2a has a value"},
      {"an unknown store", gap + one + reason + tag(leaf_tag::kGapStore, "\x03"), "tag 2c names no store"},
      {"fields that do not ascend", erase + tag(leaf_tag::kFields, "\x07\x06") + one, "tag 22 does not ascend"},
      {"no field", erase + tag(leaf_tag::kFields, "") + one, "tag 22 names no field"},
      {"a long request", erase + tag(leaf_tag::kFields, "\x06") + tag(leaf_tag::kRequest, std::string(65, 'x')) + one,
       "tag 23 is longer than 64 bytes"},
      {"a request that is no text", erase + tag(leaf_tag::kFields, "\x06") + tag(leaf_tag::kRequest, "\xFF") + one,
       "tag 23 is not UTF-8"},
      {"too many witnesses",
       header(LeafType::kHeartbeat, 2) + tag(leaf_tag::kWitnesses, std::string(17 * std::size_t{56}, 'x')),
       "tag 37 has another size"},
      {"more than a leaf may have", event + tag(0x90, std::string(65'535 - event.size() - 4, 'x')), "65536 bytes"},
  };
}

TEST(LeafForms, WhatBreaksARuleIsRefusedInWords) {
  for (const Refusal& refusal : refusals()) {
    const Result<Leaf> parsed = parse_leaf(refusal.bytes);
    ASSERT_FALSE(parsed) << refusal.name;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kInvalid);
    EXPECT_NE(parsed.error().message().find(refusal.words), std::string::npos)
        << refusal.name << ": " << parsed.error().message();
  }
}

TEST(LeafForms, LeafWithAsManyRangesAsItMayHoldFits) {
  EraseLeaf erase;
  for (unsigned field = 1; field <= 255; ++field) {
    erase.fields.push_back(static_cast<char>(static_cast<std::uint8_t>(field)));
  }
  erase.request = std::string(kMostDeclarationBytes, 'x');
  erase.ranges.assign(most_ranges_of_leaf(), {ledger_scene::epoch_id(), 1, 2});
  const std::string bytes = encode_leaf({ledger_scene::epoch_id(), 7, ledger_scene::kBegin}, erase);
  EXPECT_LE(bytes.size(), kMostLeafBytes);
  EXPECT_TRUE(parse_leaf(bytes));
}

}  // namespace
}  // namespace twinlog
