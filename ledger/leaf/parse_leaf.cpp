#include <array>
#include <map>
#include <utility>

#include "ledger/leaf/leaf.h"
#include "ledger/leaf/leaf_tags.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr std::string_view kMagic = "TWL1";
constexpr std::size_t kHeaderBytes = 40;
constexpr std::size_t kRangeBytes = 32;
constexpr std::size_t kTreeBytes = 56;

std::string tag_text(std::uint8_t tag) {
  const char byte = static_cast<char>(tag);
  return hex(std::string_view(&byte, 1));
}

Error bad(const std::string& words) {
  return {ErrorKind::kInvalid, "not a leaf: " + words};
}

/// The tags of one leaf, taken one after the other; what is left in the end is not known to its type.
class Tags {
 public:
  Status read(std::string_view rest) {
    int before = -1;
    while (!rest.empty()) {
      ByteReader reader(rest);
      const std::uint8_t tag = reader.u8();
      const std::uint32_t length = reader.u32();
      const std::string_view value = reader.bytes(length);
      if (!reader.ok()) {
        return bad("it ends within a tag");
      }
      if (static_cast<int>(tag) <= before) {
        return bad("tag " + tag_text(tag) + " is out of order or there twice");
      }
      before = tag;
      values_[tag] = value;
      rest.remove_prefix(5 + length);
    }
    return {};
  }

  std::optional<std::string_view> optional(std::uint8_t tag) {
    const auto found = values_.find(tag);
    if (found == values_.end()) {
      return std::nullopt;
    }
    const std::string_view value = found->second;
    values_.erase(found);
    return value;
  }
  std::string_view required(std::uint8_t tag) {
    const auto value = optional(tag);
    if (!value) {
      fail(tag, "is missing");
    }
    return value.value_or(std::string_view());
  }
  std::string_view sized(std::uint8_t tag, std::size_t size) {
    const std::string_view value = required(tag);
    return check_size(tag, value, size) ? value : std::string_view();
  }
  std::uint64_t u64(std::uint8_t tag) {
    const std::string_view value = sized(tag, 8);
    return value.empty() ? 0 : get_u64(value);
  }
  std::uint8_t one_of(std::uint8_t tag, std::string_view allowed) {
    const std::string_view value = sized(tag, 1);
    if (!value.empty() && allowed.find(value.front()) == std::string_view::npos) {
      fail(tag, "has a value that is not known");
    }
    return value.empty() ? 0 : static_cast<std::uint8_t>(value.front());
  }
  std::optional<std::string> text(std::uint8_t tag, std::size_t most) {
    const auto value = optional(tag);
    if (!value) {
      return std::nullopt;
    }
    check_text(tag, *value, most);
    return std::string(*value);
  }
  std::string required_text(std::uint8_t tag, std::size_t most) {
    const std::string_view value = required(tag);
    check_text(tag, value, most);
    return std::string(value);
  }
  std::vector<EpochRange> ranges() {
    std::vector<EpochRange> ranges;
    const auto value = optional(leaf_tag::kRanges);
    if (value && (value->empty() || value->size() % kRangeBytes != 0)) {
      fail(leaf_tag::kRanges, "has another size than its ranges");
      return ranges;
    }
    ByteReader reader(value.value_or(std::string_view()));
    while (!reader.at_end()) {
      const Uuid epoch_id = *array_from<16>(reader.bytes(16));
      const std::uint64_t first = reader.u64();
      const std::uint64_t last = reader.u64();
      if (last < first) {
        fail(leaf_tag::kRanges, "has a range that ends before it begins");
      }
      ranges.push_back({epoch_id, first, last});
    }
    return ranges;
  }
  std::vector<Witness> trees(std::uint8_t tag, std::size_t most) {
    std::vector<Witness> trees;
    const auto value = optional(tag);
    if (value && (value->empty() || value->size() % kTreeBytes != 0 || value->size() / kTreeBytes > most)) {
      fail(tag, "has another size than its trees");
      return trees;
    }
    ByteReader reader(value.value_or(std::string_view()));
    while (!reader.at_end()) {
      const Uuid epoch_id = *array_from<16>(reader.bytes(16));
      const std::uint64_t size = reader.u64();
      trees.push_back({epoch_id, size, *array_from<32>(reader.bytes(32))});
    }
    return trees;
  }
  EpochTally tally() {
    EpochTally tally;
    tally.previous_checkpoint = u64(leaf_tag::kPreviousCheckpoint);
    ByteReader counts(sized(leaf_tag::kCounts, 40));
    for (std::uint64_t* count : {&tally.accepted, &tally.duplicate, &tally.conflict, &tally.rejected, &tally.busy}) {
      *count = counts.u64();
    }
    ByteReader confirmed(sized(leaf_tag::kConfirmed, 16));
    tally.confirmed_postgres = confirmed.u64();
    tally.confirmed_mongodb = confirmed.u64();
    tally.boottime_micros = u64(leaf_tag::kBoottime);
    return tally;
  }
  void fail(std::uint8_t tag, const std::string& words) {
    if (failed_.empty()) {
      failed_ = "tag " + tag_text(tag) + " " + words;
    }
  }
  /// After everything was taken that the type knows.
  Status end() {
    for (const auto& [tag, value] : values_) {
      if (tag < leaf_tag::kFirstIgnored) {
        fail(tag, "does not belong to this type");
      }
    }
    return failed_.empty() ? Status() : Status(bad(failed_));
  }

 private:
  bool check_size(std::uint8_t tag, std::string_view value, std::size_t size) {
    if (value.size() != size) {
      fail(tag, "has " + std::to_string(value.size()) + " bytes instead of " + std::to_string(size));
    }
    return value.size() == size;
  }
  void check_text(std::uint8_t tag, std::string_view value, std::size_t most) {
    if (value.size() > most) {
      fail(tag, "is longer than " + std::to_string(most) + " bytes");
    } else if (!is_utf8(value)) {
      fail(tag, "is not UTF-8");
    }
  }

  std::map<std::uint8_t, std::string_view> values_;
  std::string failed_;
};

EventLeaf read_event(Tags& tags) {
  EventLeaf event;
  event.tenant_seq = tags.u64(leaf_tag::kTenantSeq);
  const std::string_view ingress = tags.sized(leaf_tag::kIngress, 9);
  ByteReader reader(ingress);
  const std::uint8_t way = reader.u8();
  if (!ingress.empty() && way != static_cast<std::uint8_t>(Ingress::kUnix) &&
      way != static_cast<std::uint8_t>(Ingress::kHttp)) {
    tags.fail(leaf_tag::kIngress, "names a way in that is not known");
  }
  event.arrival.ingress = static_cast<Ingress>(way);
  event.arrival.uid = reader.u32();
  event.arrival.gid = reader.u32();
  event.content_root = array_from<32>(tags.sized(leaf_tag::kContentRoot, 32)).value_or(Digest{});
  return event;
}

OpenLeaf read_open(Tags& tags) {
  OpenLeaf open;
  open.origin = tags.required_text(leaf_tag::kOrigin, kMostLeafBytes);
  open.verifier_key = tags.required_text(leaf_tag::kVerifierKey, kMostLeafBytes);
  if (const auto previous = tags.optional(leaf_tag::kPrevious)) {
    open.previous = array_from<16>(*previous);
    if (!open.previous) {
      tags.fail(leaf_tag::kPrevious, "is no epoch");
    }
  }
  open.reason = static_cast<OpenReason>(tags.one_of(leaf_tag::kOpenReason, "\x01\x02\x03\x04\x05"));
  if (const auto tree = tags.optional(leaf_tag::kPreviousTree)) {
    if (tree->size() != 40) {
      tags.fail(leaf_tag::kPreviousTree, "is no tree");
    } else {
      open.previous_tree = PreviousTree{get_u64(*tree), *array_from<32>(tree->substr(8))};
    }
    if (!open.previous) {
      tags.fail(leaf_tag::kPreviousTree, "is there without an epoch before");
    }
  }
  open.agent = tags.required_text(leaf_tag::kAgent, kMostLeafBytes);
  open.witnesses = tags.trees(leaf_tag::kWitnesses, kMostWitnesses);
  open.due = static_cast<UtcMicros>(tags.u64(leaf_tag::kDue));
  return open;
}

HeartbeatLeaf read_heartbeat(Tags& tags) {
  HeartbeatLeaf heartbeat;
  heartbeat.witnesses = tags.trees(leaf_tag::kWitnesses, kMostWitnesses);
  heartbeat.tally = tags.tally();
  heartbeat.due = static_cast<UtcMicros>(tags.u64(leaf_tag::kDue));
  return heartbeat;
}

EraseLeaf read_erase(Tags& tags) {
  EraseLeaf erase;
  erase.fields = std::string(tags.required(leaf_tag::kFields));
  for (std::size_t i = 0; i < erase.fields.size(); ++i) {
    if (erase.fields[i] == 0 ||
        (i > 0 && static_cast<std::uint8_t>(erase.fields[i - 1]) >= static_cast<std::uint8_t>(erase.fields[i]))) {
      tags.fail(leaf_tag::kFields, "does not ascend");
    }
  }
  if (erase.fields.empty()) {
    tags.fail(leaf_tag::kFields, "names no field");
  }
  erase.request = tags.text(leaf_tag::kRequest, kMostDeclarationBytes);
  erase.ranges = tags.ranges();
  if (erase.ranges.empty()) {
    tags.fail(leaf_tag::kRanges, "is missing");
  }
  return erase;
}

PruneLeaf read_prune(Tags& tags) {
  PruneLeaf prune;
  prune.ranges = tags.ranges();
  prune.policy = tags.text(leaf_tag::kPolicy, kMostDeclarationBytes);
  prune.epochs = tags.trees(leaf_tag::kPrunedEpochs, kMostLeafBytes);
  return prune;
}

GapLeaf read_gap(Tags& tags) {
  GapLeaf gap;
  gap.ranges = tags.ranges();
  if (gap.ranges.empty()) {
    tags.fail(leaf_tag::kRanges, "is missing");
  }
  gap.reason = static_cast<GapReason>(tags.one_of(leaf_tag::kGapReason, "\x01\x02"));
  if (const auto store = tags.optional(leaf_tag::kGapStore)) {
    if (store->size() != 1 || (*store != "\x01" && *store != "\x02")) {
      tags.fail(leaf_tag::kGapStore, "names no store");
    } else {
      gap.store = static_cast<GapStore>(store->front());
    }
  }
  gap.code = tags.text(leaf_tag::kGapCode, kMostLeafBytes);
  return gap;
}

CloseLeaf read_close(Tags& tags) {
  CloseLeaf close;
  close.reason = static_cast<CloseReason>(tags.one_of(leaf_tag::kCloseReason, "\x01\x02\x04\x05"));
  close.tally = tags.tally();
  return close;
}

std::optional<LeafContent> read_content(std::uint8_t type, Tags& tags) {
  switch (static_cast<LeafType>(type)) {
    case LeafType::kEvent:
      return read_event(tags);
    case LeafType::kOpen:
      return read_open(tags);
    case LeafType::kHeartbeat:
      return read_heartbeat(tags);
    case LeafType::kErase:
      return read_erase(tags);
    case LeafType::kPrune:
      return read_prune(tags);
    case LeafType::kGap:
      return read_gap(tags);
    case LeafType::kClose:
      return read_close(tags);
  }
  return std::nullopt;
}

}  // namespace

Result<Leaf> parse_leaf(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || bytes.size() > kMostLeafBytes) {
    return bad("it has " + std::to_string(bytes.size()) + " bytes");
  }
  ByteReader reader(bytes);
  if (reader.bytes(kMagic.size()) != kMagic) {
    return bad("it does not begin with TWL1");
  }
  const std::uint8_t type = reader.u8();
  if (reader.bytes(3) != std::string_view("\0\0\0", 3)) {
    return bad("its reserved bytes are not zero");
  }
  Leaf leaf;
  leaf.header.epoch_id = *array_from<16>(reader.bytes(16));
  leaf.header.index = reader.u64();
  leaf.header.accept_at = reader.i64();
  Tags tags;
  if (Status read = tags.read(bytes.substr(kHeaderBytes)); !read) {
    return read.error();
  }
  std::optional<LeafContent> content = read_content(type, tags);
  if (!content) {
    return bad("its type is not known");
  }
  if (Status ended = tags.end(); !ended) {
    return ended.error();
  }
  if ((type == static_cast<std::uint8_t>(LeafType::kOpen)) != (leaf.header.index == 0)) {
    return bad("an epoch begins with OPEN, and OPEN is nowhere else");
  }
  leaf.content = std::move(*content);
  return leaf;
}

}  // namespace twinlog
