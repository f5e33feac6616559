#include "tests/ledger/scene.h"

#include <numeric>
#include <span>

#include "ledger/leaf/event_leaf.h"
#include "ledger/record/canonical.h"
#include "ledger/tree/merkle.h"

namespace twinlog::ledger_scene {
namespace {

constexpr std::string_view kEvent =
    R"({"account":"id:u1","event_type":"login_success","log_id":"e-1","occurred_at":1709204400123456,"tenant_id":"acme","user_id":"u1"})";

OpenLeaf open_leaf() {
  OpenLeaf open;
  open.origin = kOrigin;
  open.verifier_key = verifier_key_text(epoch_key().verifier());
  open.reason = OpenReason::kFirst;
  open.agent = R"({"agent":"auth-7f9c","node":"n1","pod":"p1","version":"0.1.0"})";
  open.due = kBegin + 600'000'000;
  return open;
}

EpochTally tally(std::uint64_t previous_checkpoint, std::uint64_t confirmed, std::uint64_t boottime_micros) {
  EpochTally tally;
  tally.previous_checkpoint = previous_checkpoint;
  tally.accepted = 1;
  tally.confirmed_postgres = confirmed;
  tally.confirmed_mongodb = previous_checkpoint == 1 ? 0 : confirmed;
  tally.boottime_micros = boottime_micros;
  return tally;
}

}  // namespace

const Uuid& epoch_id() {
  static const Uuid id = *uuid_from_text("019ab3c4-d5e6-7f00-8102-0304050607f8");
  return id;
}

const RecordKey& record_key() {
  static const RecordKey key = *array_from<16>(*from_hex("000102030405060708090a0b0c0d0e0f"));
  return key;
}

Seed seed_from(std::uint8_t first) {
  Seed seed{};
  std::iota(seed.begin(), seed.end(), first);
  return seed;
}

SigningKey epoch_key() {
  return {std::string(kOrigin), seed_from(0x00)};
}

SigningKey enrolment_key() {
  return {std::string(kEnrolmentName), seed_from(0x40)};
}

Version version() {
  Version version;
  version.event = *parse_content(kEvent);
  version.content_hash = content_hash(kEvent);
  version.epoch_id = epoch_id();
  version.leaf_index = 1;
  version.received_at = kBegin + 500'000;
  version.arrival = {Ingress::kUnix, 1000, 1000};
  version.ledger = LedgerPlace{0, record_key()};
  return version;
}

std::vector<LeafContent> contents() {
  const Version event = version();
  return {open_leaf(), EventLeaf{0, event.arrival, content_root(event.event, record_key())},
          GapLeaf{{{epoch_id(), 1, 1}}, GapReason::kRefusedByStore, GapStore::kMongodb, "121"},
          HeartbeatLeaf{{}, tally(1, 2, 10'500'000), kBegin + 610'500'000},
          CloseLeaf{CloseReason::kStop, tally(4, 4, 20'000'000)}};
}

std::vector<std::string> leaves() {
  const std::vector<UtcMicros> after = {0, 500'000, 600'000, 10'500'000, 20'000'000};
  std::vector<std::string> leaves;
  const std::vector<LeafContent> all = contents();
  for (std::size_t i = 0; i < all.size(); ++i) {
    leaves.push_back(encode_leaf({epoch_id(), i, kBegin + after[i]}, all[i]));
  }
  return leaves;
}

std::vector<Digest> leaf_hashes() {
  std::vector<Digest> hashes;
  for (const std::string& leaf : leaves()) {
    hashes.push_back(leaf_hash(leaf));
  }
  return hashes;
}

TreeHead head_of(std::size_t size) {
  const std::vector<Digest> hashes = leaf_hashes();
  return {size, root_of(std::span(hashes).first(size))};
}

std::string flipped(std::string bytes, std::size_t byte, unsigned bit) {
  bytes[byte] = static_cast<char>(static_cast<std::uint8_t>(bytes[byte]) ^ (1U << bit));
  return bytes;
}

}  // namespace twinlog::ledger_scene
