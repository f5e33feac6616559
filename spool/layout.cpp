#include "spool/layout.h"

namespace twinlog {
namespace {

constexpr std::size_t kLeafBytes = 8;
constexpr std::size_t kIdKeyBytes = 16;
constexpr std::size_t kNewestVersionBytes = kLeafBytes + sizeof(Digest);

std::string range_key(std::string_view prefix, const LeafRange& leaves) {
  return std::string(prefix) + number_value(leaves.first) + number_value(leaves.last);
}

std::string loss_times_value(const Loss& loss) {
  std::string value;
  for (const UtcMicros time : {loss.found_at, loss.from, loss.until}) {
    put_i64(value, time);
  }
  return value;
}

void put_one_store(std::string& value, const Loss& loss) {
  if (loss.stores != kAllStores) {
    value.push_back(static_cast<char>(loss.stores));
  }
}

/// False where the bytes go on behind it, or have ended before.
bool take_one_store(ByteReader& reader, Loss& loss) {
  loss.stores = reader.left() == 1 ? reader.u8() : kAllStores;
  return reader.ok() && reader.at_end();
}

Loss times_from(ByteReader& reader) {
  Loss loss;
  loss.found_at = reader.i64();
  loss.from = reader.i64();
  loss.until = reader.i64();
  return loss;
}

}  // namespace

std::string_view store_name(StoreId store) {
  switch (store) {
    case StoreId::kPostgres:
      return "postgres";
    case StoreId::kMongodb:
      return "mongodb";
  }
  return "";
}

std::string cursor_key(StoreId store) {
  return "cursor/" + std::string(store_name(store));
}

std::string delivered_before_key(StoreId store) {
  return "delivered_before/" + std::string(store_name(store));
}

std::string incomplete_since_key(StoreId store) {
  return "incomplete_since/" + std::string(store_name(store));
}

std::string epoch_key(std::uint64_t base) {
  return std::string(kEpochPrefix) + number_value(base);
}

std::string skipped_key(const LeafRange& leaves) {
  return range_key(kSkippedPrefix, leaves);
}

std::optional<LeafRange> range_of_key(std::string_view key, std::string_view prefix) {
  if (key.size() != prefix.size() + 2 * kLeafBytes || !key.starts_with(prefix)) {
    return std::nullopt;
  }
  const std::string_view range = key.substr(prefix.size());
  return LeafRange{*number_from(range.substr(0, kLeafBytes)), *number_from(range.substr(kLeafBytes))};
}

std::string lost_key(const LeafRange& leaves) {
  return range_key(kLostPrefix, leaves);
}

std::string loss_value(const Loss& loss) {
  std::string value = loss_times_value(loss);
  put_one_store(value, loss);
  return value;
}

std::string acknowledged_key(const Loss& loss) {
  std::string key = range_key(kAcknowledgedPrefix, loss.leaves);
  put_one_store(key, loss);
  return key;
}

std::string acknowledged_value(const AcknowledgedLoss& loss) {
  std::string value = loss_times_value(loss);
  put_decision(value, loss.by);
  put_one_store(value, loss);
  return value;
}

std::optional<AcknowledgedLoss> acknowledged_from(std::string_view key, std::string_view value) {
  constexpr std::size_t kWithStore = kAcknowledgedPrefix.size() + 2 * kLeafBytes + 1;
  const std::optional<LeafRange> leaves =
      range_of_key(key.substr(0, key.size() - (key.size() == kWithStore ? 1 : 0)), kAcknowledgedPrefix);
  ByteReader reader(value);
  AcknowledgedLoss found;
  static_cast<Loss&>(found) = times_from(reader);
  if (!leaves || !reader.ok()) {
    return std::nullopt;
  }
  found.leaves = *leaves;
  ByteReader former = reader;
  const std::optional<Decision> by = decision_from(reader);
  if (by && take_one_store(reader, found)) {
    found.by = *by;
    return found;
  }
  // A reason begins with no control character, which the length of a name would be.
  found.by.at = former.i64();
  found.by.reason = former.bytes(former.left());
  return former.ok() ? std::optional(std::move(found)) : std::nullopt;
}

std::optional<Loss> loss_from(std::string_view key, std::string_view value) {
  const std::optional<LeafRange> leaves = range_of_key(key, kLostPrefix);
  ByteReader reader(value);
  Loss loss = times_from(reader);
  if (!leaves || !take_one_store(reader, loss)) {
    return std::nullopt;
  }
  loss.leaves = *leaves;
  return loss;
}

std::string format_value(std::uint32_t format) {
  std::string value;
  put_u32(value, format);
  return value;
}

std::optional<std::uint32_t> format_from(std::string_view value) {
  ByteReader reader(value);
  const std::uint32_t format = reader.u32();
  return reader.ok() && reader.at_end() ? std::optional(format) : std::nullopt;
}

std::string event_key(std::uint64_t leaf) {
  return number_value(leaf);
}

std::optional<std::uint64_t> leaf_of_event_key(std::string_view key) {
  return number_from(key);
}

std::string id_key(std::string_view tenant_id, std::string_view log_id) {
  std::string key;
  key.reserve(tenant_id.size() + 1 + log_id.size());
  key.append(tenant_id).append("/").append(log_id);
  return std::string(as_text(sha256(key)).substr(0, kIdKeyBytes));
}

std::string displaced_id_key(std::string_view id_key, const Digest& content_hash) {
  return std::string(id_key).append(as_text(content_hash));
}

std::string newest_version_value(const NewestVersion& newest) {
  return number_value(newest.leaf).append(as_text(newest.content_hash));
}

std::optional<NewestVersion> newest_version_from(std::string_view value) {
  if (value.size() != kNewestVersionBytes) {
    return std::nullopt;
  }
  return NewestVersion{get_u64(value), *array_from<sizeof(Digest)>(value.substr(kLeafBytes))};
}

std::string number_value(std::uint64_t number) {
  std::string value;
  put_u64(value, number);
  return value;
}

std::optional<std::uint64_t> number_from(std::string_view value) {
  return value.size() == kLeafBytes ? std::optional(get_u64(value)) : std::nullopt;
}

std::optional<std::uint64_t> leaf_of_id_value(std::string_view value) {
  const bool is_id_value = value.size() == kLeafBytes || value.size() == kNewestVersionBytes;
  return is_id_value ? std::optional(get_u64(value)) : std::nullopt;
}

}  // namespace twinlog
