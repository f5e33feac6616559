// Keys and values of what the spool keeps of the ledger, byte by byte as spool/FORMAT.md has them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/bytes.h"
#include "ledger/tree/frontier.h"
#include "spool/epoch.h"
#include "spool/spool.h"

namespace twinlog {

std::optional<std::uint64_t> base_of_epoch_key(std::string_view key);
/// An epoch: its id alone where it has no ledger.
struct StoredEpoch {
  Uuid id{};
  bool has_ledger = false;
  std::string origin = {};
  std::string note = {};  ///< Of size 1.
};
std::string epoch_value(const StoredEpoch& epoch);
std::optional<StoredEpoch> epoch_from(std::string_view value);
/// Before the number of a leaf of the agent's own.
inline constexpr std::string_view kOwnPrefix = "own/";
std::string own_key(std::uint64_t number);
std::optional<std::uint64_t> number_of_own_key(std::string_view key);
/// Before the number of the last leaf under a checkpoint.
inline constexpr std::string_view kNotePrefix = "note/";
std::string note_key(std::uint64_t number);
std::optional<std::uint64_t> number_of_note_key(std::string_view key);
std::string note_value(const SavedNote& note);
std::optional<SavedNote> note_from(std::string_view value);
/// The frontier of the newest epoch, as of the last note or trim.
inline constexpr std::string_view kTreeKey = "tree";
struct SavedTree {
  Uuid epoch_id{};
  Frontier frontier;
};
std::string tree_value(const SavedTree& tree);
std::optional<SavedTree> tree_from(std::string_view value);
/// Before the first and the last number of a loss that a GAP leaf declares, and the stores whose it is.
inline constexpr std::string_view kDeclaredPrefix = "declared/";
std::string declared_key(const Loss& loss);

/// What an item of `events` begins with that is a leaf of the agent's own; the leaf follows.
inline constexpr char kOwnItem = 3;
std::string own_item(std::string_view leaf);
/// The leaf; nothing where the value is no such item, or no leaf.
std::optional<std::string_view> leaf_of_own_item(std::string_view value);
/// `leaves`, of a leaf of the agent's own, under its number: the hash, and the leaf behind it.
std::string leaf_value(const Digest& hash, std::string_view own_leaf);
/// Of that, or of an event's hash alone, as spools had them one by one.
std::optional<Digest> hash_of_leaf_value(std::string_view value);
/// `leaves`, of events that were accepted together: the last one's number and how many there are; their hashes.
inline constexpr std::size_t kMostHashesOfRun = 128;
std::string hash_run_key(std::uint64_t last, std::size_t count);
/// Hashes of numbers that follow each other; a view into the value that it was read from.
struct HashRun {
  std::uint64_t first = 0;
  std::string_view hashes;  ///< A whole number of them, at least one.

  std::uint64_t last() const { return first + hashes.size() / sizeof(Digest) - 1; }
};
/// What any entry of `leaves` holds; nothing where it is damaged.
std::optional<HashRun> hash_run_from(std::string_view key, std::string_view value);
/// The greatest number of an entry of `events` or `leaves`.
std::optional<std::uint64_t> last_number_of_key(std::string_view key);

}  // namespace twinlog
