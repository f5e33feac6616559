#include "ledger/leaf/leaf.h"

#include <cstdlib>

#include "ledger/leaf/leaf_tags.h"

namespace twinlog {
namespace {

constexpr std::string_view kMagic = "TWL1";
constexpr std::size_t kEventBytes = 104;
constexpr std::size_t kRangeBytes = 32;
/// More than the header, request or policy, fields and their tags take.
constexpr std::size_t kBesideRanges = 1024;

/// Writes tags; they must come in ascending order.
class TagWriter {
 public:
  TagWriter(LeafType type, const LeafHeader& header) {
    bytes_.reserve(kEventBytes);
    bytes_.append(kMagic);
    bytes_.push_back(static_cast<char>(type));
    bytes_.append(3, '\0');
    bytes_.append(as_text(header.epoch_id));
    put_u64(bytes_, header.index);
    put_i64(bytes_, header.accept_at);
  }

  TagWriter& bytes(std::uint8_t tag, std::string_view value) {
    bytes_.push_back(static_cast<char>(tag));
    put_u32(bytes_, static_cast<std::uint32_t>(value.size()));
    bytes_.append(value);
    return *this;
  }
  TagWriter& u8(std::uint8_t tag, std::uint8_t value) {
    const char byte = static_cast<char>(value);
    return bytes(tag, {&byte, 1});
  }
  TagWriter& u64(std::uint8_t tag, std::uint64_t value) {
    bytes_.push_back(static_cast<char>(tag));
    put_u32(bytes_, sizeof value);
    put_u64(bytes_, value);
    return *this;
  }
  TagWriter& text(std::uint8_t tag, const std::optional<std::string>& value) {
    return value ? bytes(tag, *value) : *this;
  }
  TagWriter& ranges(const std::vector<EpochRange>& ranges) {
    std::string value;
    for (const EpochRange& range : ranges) {
      value.append(as_text(range.epoch_id));
      put_u64(value, range.first);
      put_u64(value, range.last);
    }
    return ranges.empty() ? *this : bytes(leaf_tag::kRanges, value);
  }
  TagWriter& trees(std::uint8_t tag, const std::vector<Witness>& trees) {
    std::string value;
    for (const Witness& tree : trees) {
      value.append(as_text(tree.epoch_id));
      put_u64(value, tree.size);
      value.append(as_text(tree.root));
    }
    return trees.empty() ? *this : bytes(tag, value);
  }
  TagWriter& tally(const EpochTally& tally) {
    std::string counts;
    for (const std::uint64_t count : {tally.accepted, tally.duplicate, tally.conflict, tally.rejected, tally.busy}) {
      put_u64(counts, count);
    }
    std::string confirmed;
    put_u64(confirmed, tally.confirmed_postgres);
    put_u64(confirmed, tally.confirmed_mongodb);
    return u64(leaf_tag::kPreviousCheckpoint, tally.previous_checkpoint)
        .bytes(leaf_tag::kCounts, counts)
        .bytes(leaf_tag::kConfirmed, confirmed)
        .u64(leaf_tag::kBoottime, tally.boottime_micros);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

void write(TagWriter& out, const EventLeaf& event) {
  std::string ingress(1, static_cast<char>(event.arrival.ingress));
  put_u32(ingress, event.arrival.uid);
  put_u32(ingress, event.arrival.gid);
  out.u64(leaf_tag::kTenantSeq, event.tenant_seq)
      .bytes(leaf_tag::kIngress, ingress)
      .bytes(leaf_tag::kContentRoot, as_text(event.content_root));
}

void write(TagWriter& out, const OpenLeaf& open) {
  out.bytes(leaf_tag::kOrigin, open.origin).bytes(leaf_tag::kVerifierKey, open.verifier_key);
  if (open.previous) {
    out.bytes(leaf_tag::kPrevious, as_text(*open.previous));
  }
  out.u8(leaf_tag::kOpenReason, static_cast<std::uint8_t>(open.reason));
  if (open.previous_tree) {
    std::string tree;
    put_u64(tree, open.previous_tree->size);
    tree.append(as_text(open.previous_tree->root));
    out.bytes(leaf_tag::kPreviousTree, tree);
  }
  out.bytes(leaf_tag::kAgent, open.agent)
      .trees(leaf_tag::kWitnesses, open.witnesses)
      .u64(leaf_tag::kDue, static_cast<std::uint64_t>(open.due));
}

void write(TagWriter& out, const HeartbeatLeaf& heartbeat) {
  out.trees(leaf_tag::kWitnesses, heartbeat.witnesses)
      .tally(heartbeat.tally)
      .u64(leaf_tag::kDue, static_cast<std::uint64_t>(heartbeat.due));
}

void write(TagWriter& out, const EraseLeaf& erase) {
  out.bytes(leaf_tag::kFields, erase.fields).text(leaf_tag::kRequest, erase.request).ranges(erase.ranges);
}

void write(TagWriter& out, const PruneLeaf& prune) {
  out.ranges(prune.ranges).text(leaf_tag::kPolicy, prune.policy).trees(leaf_tag::kPrunedEpochs, prune.epochs);
}

void write(TagWriter& out, const GapLeaf& gap) {
  out.ranges(gap.ranges).u8(leaf_tag::kGapReason, static_cast<std::uint8_t>(gap.reason));
  if (gap.store) {
    out.u8(leaf_tag::kGapStore, static_cast<std::uint8_t>(*gap.store));
  }
  out.text(leaf_tag::kGapCode, gap.code);
}

void write(TagWriter& out, const CloseLeaf& close) {
  out.u8(leaf_tag::kCloseReason, static_cast<std::uint8_t>(close.reason)).tally(close.tally);
}

struct TypeOf {
  LeafType operator()(const EventLeaf& /*leaf*/) const { return LeafType::kEvent; }
  LeafType operator()(const OpenLeaf& /*leaf*/) const { return LeafType::kOpen; }
  LeafType operator()(const HeartbeatLeaf& /*leaf*/) const { return LeafType::kHeartbeat; }
  LeafType operator()(const EraseLeaf& /*leaf*/) const { return LeafType::kErase; }
  LeafType operator()(const PruneLeaf& /*leaf*/) const { return LeafType::kPrune; }
  LeafType operator()(const GapLeaf& /*leaf*/) const { return LeafType::kGap; }
  LeafType operator()(const CloseLeaf& /*leaf*/) const { return LeafType::kClose; }
};

}  // namespace

LeafType type_of(const LeafContent& content) {
  return std::visit(TypeOf{}, content);
}

std::string_view leaf_type_text(LeafType type) {
  switch (type) {
    case LeafType::kEvent:
      return "EVENT";
    case LeafType::kOpen:
      return "OPEN";
    case LeafType::kHeartbeat:
      return "HEARTBEAT";
    case LeafType::kErase:
      return "ERASE";
    case LeafType::kPrune:
      return "PRUNE";
    case LeafType::kGap:
      return "GAP";
    case LeafType::kClose:
      return "CLOSE";
  }
  std::abort();
}

std::string encode_leaf(const LeafHeader& header, const LeafContent& content) {
  TagWriter out(type_of(content), header);
  std::visit([&out](const auto& leaf) { write(out, leaf); }, content);
  std::string bytes = out.take();
  if (bytes.size() > kMostLeafBytes) {
    std::abort();
  }
  return bytes;
}

std::size_t most_ranges_of_leaf() {
  return (kMostLeafBytes - kBesideRanges) / kRangeBytes;
}

}  // namespace twinlog
