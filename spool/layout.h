// Keys and values of the spool's database, byte by byte as spool/FORMAT.md has them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/bytes.h"
#include "spool/spool.h"

namespace twinlog {

/// The format that this build writes, and the newest that it reads.
inline constexpr std::uint32_t kSpoolFormat = 3;

/// Column families. The meta keys lie in RocksDB's own "default".
inline constexpr std::string_view kEventsFamily = "events";
inline constexpr std::string_view kIdsFamily = "ids";
inline constexpr std::string_view kLeavesFamily = "leaves";
inline constexpr std::string_view kDeadLettersFamily = "dead_letters";

inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kEpochIdKey = "epoch_id";  ///< Of format 1.
/// Before the base of an epoch, the key of `events` that its index 0 has.
inline constexpr std::string_view kEpochPrefix = "epoch/";
std::string epoch_key(std::uint64_t base);
inline constexpr std::string_view kLogIdKeyKey = "log_id_key";
inline constexpr std::string_view kFirstKeptKey = "first_kept";
inline constexpr std::string_view kSkippedToKey = "skipped_to";
inline constexpr std::string_view kReceivedAtKey = "received_at";
/// Before the first and the last leaf of a range that was never given out.
inline constexpr std::string_view kSkippedPrefix = "skipped/";
std::string skipped_key(const LeafRange& leaves);
/// Of any key that ends with a first and a last leaf.
std::optional<LeafRange> range_of_key(std::string_view key, std::string_view prefix);
/// Before the first and the last leaf of a loss.
inline constexpr std::string_view kLostPrefix = "lost/";
std::string lost_key(const LeafRange& leaves);
inline constexpr std::string_view kAcknowledgedPrefix = "acknowledged/";
/// The same of one that was acknowledged, with the store where it is one alone: each has its own decision.
std::string acknowledged_key(const Loss& loss);
std::string acknowledged_value(const AcknowledgedLoss& loss);
/// Also of one from before it was kept who did it: then that is "".
std::optional<AcknowledgedLoss> acknowledged_from(std::string_view key, std::string_view value);
std::string loss_value(const Loss& loss);
std::optional<Loss> loss_from(std::string_view key, std::string_view value);
std::string cursor_key(StoreId store);
std::string delivered_before_key(StoreId store);
std::string incomplete_since_key(StoreId store);

std::string format_value(std::uint32_t format);
std::optional<std::uint32_t> format_from(std::string_view value);

/// Big-endian, so that RocksDB's bytewise order is the order of leaves.
std::string event_key(std::uint64_t leaf);
std::optional<std::uint64_t> leaf_of_event_key(std::string_view key);

/// Of the newest version with this key: the first 16 bytes of SHA-256 over "<tenant_id>/<log_id>" (neither part can
/// hold a '/'). Hashed because ids in the order of time (UUIDv7) would move down the levels of `ids` without being
/// compacted, and what is trimmed would stay. Should two keys ever meet, the later event is answered as a conflict and
/// kept; a duplicate also needs the same content_hash, which covers both parts.
std::string id_key(std::string_view tenant_id, std::string_view log_id);
/// Of an older version, which a conflict has displaced from `id_key`.
std::string displaced_id_key(std::string_view id_key, const Digest& content_hash);

/// What `id_key` leads to.
struct NewestVersion {
  std::uint64_t leaf = 0;
  Digest content_hash{};
};
std::string newest_version_value(const NewestVersion& newest);
std::optional<NewestVersion> newest_version_from(std::string_view value);

/// A single u64: meta numbers, and what a displaced key leads to.
std::string number_value(std::uint64_t number);
std::optional<std::uint64_t> number_from(std::string_view value);

/// The leaf at the front of any value of `ids`; nothing when the value is no such value.
std::optional<std::uint64_t> leaf_of_id_value(std::string_view value);

}  // namespace twinlog
