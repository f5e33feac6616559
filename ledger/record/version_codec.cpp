#include <limits>

#include "ledger/record/canonical.h"

namespace twinlog {
namespace {

// The check is the front of a SHA-256 over everything before the content, so that a damaged header is found, too.
constexpr std::size_t kCheckBytes = 8;
constexpr std::uint8_t kLayoutBeforeArrivals = 1;

/// Behind the arrival in layout 2: whether the version's place in the ledger follows.
constexpr std::uint8_t kWithoutLedger = 0;
constexpr std::uint8_t kWithLedger = 1;

std::string_view check_of(const Digest& digest) {
  return as_text(digest).substr(0, kCheckBytes);
}

Error corrupt() {
  return {ErrorKind::kCorrupt, "the bytes are not an encoded version; the spool's copy is damaged"};
}

/// False where it is none that this build knows.
bool read_arrival(ByteReader& reader, Arrival& arrival) {
  const std::uint8_t ingress = reader.u8();
  arrival = {static_cast<Ingress>(ingress), reader.u32(), reader.u32()};
  return ingress <= static_cast<std::uint8_t>(Ingress::kHttp);
}

/// As read_arrival().
bool read_place(ByteReader& reader, std::optional<LedgerPlace>& place) {
  const std::uint8_t with = reader.u8();
  if (with == kWithLedger) {
    const std::uint64_t tenant_seq = reader.u64();
    const auto key = array_from<sizeof(RecordKey)>(reader.bytes(sizeof(RecordKey)));
    place = LedgerPlace{tenant_seq, key.value_or(RecordKey{})};
  }
  return with == kWithoutLedger || with == kWithLedger;
}

}  // namespace

std::string encode_version(const Version& version, std::string_view canonical) {
  const std::string_view agent = std::string_view(version.agent).substr(0, std::numeric_limits<std::uint16_t>::max());
  std::string bytes;
  bytes.reserve(canonical.size() + agent.size() + 120);
  bytes.push_back(static_cast<char>(kVersionLayout));
  put_u64(bytes, version.leaf_index);
  bytes.append(as_text(version.epoch_id));
  put_i64(bytes, version.received_at);
  put_i64(bytes, version.effective_at);
  bytes.append(as_text(version.content_hash));
  bytes.push_back(static_cast<char>(version.arrival.ingress));
  put_u32(bytes, version.arrival.uid);
  put_u32(bytes, version.arrival.gid);
  bytes.push_back(static_cast<char>(version.ledger ? kWithLedger : kWithoutLedger));
  if (version.ledger) {
    put_u64(bytes, version.ledger->tenant_seq);
    bytes.append(as_text(version.ledger->record_key));
  }
  put_u16(bytes, static_cast<std::uint16_t>(agent.size()));
  bytes.append(agent);
  bytes.append(check_of(sha256(bytes)));
  bytes.append(canonical);
  return bytes;
}

Result<Version> decode_version(std::string_view bytes) {
  ByteReader reader(bytes);
  Version version;
  const std::uint8_t layout = reader.u8();
  version.leaf_index = reader.u64();
  const auto epoch_id = array_from<16>(reader.bytes(16));
  version.received_at = reader.i64();
  version.effective_at = reader.i64();
  const auto hash = array_from<32>(reader.bytes(32));
  const bool is_known =
      layout == kLayoutBeforeArrivals ||
      (layout == kVersionLayout && read_arrival(reader, version.arrival) && read_place(reader, version.ledger));
  version.agent.assign(reader.bytes(reader.u16()));
  const std::string_view header = bytes.substr(0, bytes.size() - reader.left());
  const std::string_view check = reader.bytes(kCheckBytes);
  if (!reader.ok() || !is_known || !epoch_id || !hash || check != check_of(sha256(header))) {
    return corrupt();
  }
  const std::string_view canonical = bytes.substr(header.size() + kCheckBytes);
  if (content_hash(canonical) != *hash) {
    return corrupt();
  }
  auto event = parse_content(canonical);
  if (!event) {
    return event.error();
  }
  version.epoch_id = *epoch_id;
  version.content_hash = *hash;
  version.event = std::move(*event);
  return version;
}

}  // namespace twinlog
