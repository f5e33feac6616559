// The tags of leaves (ledger/FORMAT.md).
#pragma once

#include <cstdint>

namespace twinlog::leaf_tag {

inline constexpr std::uint8_t kTenantSeq = 0x06;
inline constexpr std::uint8_t kIngress = 0x07;
inline constexpr std::uint8_t kContentRoot = 0x08;
inline constexpr std::uint8_t kFields = 0x22;
inline constexpr std::uint8_t kRequest = 0x23;
inline constexpr std::uint8_t kRanges = 0x29;
inline constexpr std::uint8_t kGapReason = 0x2A;
inline constexpr std::uint8_t kCloseReason = 0x2B;
inline constexpr std::uint8_t kGapStore = 0x2C;
inline constexpr std::uint8_t kGapCode = 0x2D;
inline constexpr std::uint8_t kPolicy = 0x2F;
inline constexpr std::uint8_t kOrigin = 0x30;
inline constexpr std::uint8_t kVerifierKey = 0x31;
inline constexpr std::uint8_t kPrevious = 0x32;
inline constexpr std::uint8_t kOpenReason = 0x34;
inline constexpr std::uint8_t kPreviousTree = 0x35;
inline constexpr std::uint8_t kAgent = 0x36;
inline constexpr std::uint8_t kWitnesses = 0x37;
inline constexpr std::uint8_t kPrunedEpochs = 0x38;
inline constexpr std::uint8_t kPreviousCheckpoint = 0x40;
inline constexpr std::uint8_t kCounts = 0x41;
inline constexpr std::uint8_t kConfirmed = 0x42;
inline constexpr std::uint8_t kBoottime = 0x43;
inline constexpr std::uint8_t kDue = 0x44;
inline constexpr std::uint8_t kFirstIgnored = 0x80;  ///< From here on an unknown tag is passed over.

}  // namespace twinlog::leaf_tag
