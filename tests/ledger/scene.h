// The epoch of ledger/FORMAT.md's vectors, in parts: what tests of notes and proofs begin with.
#pragma once

#include <string>
#include <vector>

#include "ledger/leaf/leaf.h"
#include "ledger/note/signing_key.h"
#include "ledger/record/auth_event.h"
#include "ledger/tree/tree_proof.h"

namespace twinlog::ledger_scene {

inline constexpr UtcMicros kBegin = 1'795'486'260'000'000;
inline constexpr std::string_view kEnrolmentName = "audit.example.com/twinlog/enrol/prod-1";
inline constexpr std::string_view kOrigin =
    "audit.example.com/twinlog/prod-1/auth/auth-7f9c/019ab3c4-d5e6-7f00-8102-0304050607f8";

const Uuid& epoch_id();
const RecordKey& record_key();
Seed seed_from(std::uint8_t first);
/// Seeds 00..1f and 40..5f.
SigningKey epoch_key();
SigningKey enrolment_key();

Version version();  ///< Leaf 1.
/// OPEN, EVENT, GAP, HEARTBEAT, CLOSE.
std::vector<LeafContent> contents();
std::vector<std::string> leaves();
std::vector<Digest> leaf_hashes();
/// Of the first `size` leaves.
TreeHead head_of(std::size_t size);

/// The bytes with one bit of one byte changed.
std::string flipped(std::string bytes, std::size_t byte, unsigned bit);

}  // namespace twinlog::ledger_scene
