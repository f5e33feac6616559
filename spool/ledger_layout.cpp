#include "spool/ledger_layout.h"

#include "ledger/leaf/leaf.h"
#include "ledger/tree/merkle.h"
#include "spool/decision.h"
#include "spool/layout.h"

namespace twinlog {
namespace {

constexpr char kWithLedger = 1;

/// Of a key that is a prefix and one number.
std::optional<std::uint64_t> number_behind(std::string_view prefix, std::string_view key) {
  return key.starts_with(prefix) ? number_from(key.substr(prefix.size())) : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> base_of_epoch_key(std::string_view key) {
  return number_behind(kEpochPrefix, key);
}

std::string epoch_value(const StoredEpoch& epoch) {
  std::string value(as_text(epoch.id));
  if (epoch.has_ledger) {
    value.push_back(kWithLedger);
    put_text(value, epoch.origin);
    put_text(value, epoch.note);
  }
  return value;
}

std::optional<StoredEpoch> epoch_from(std::string_view value) {
  ByteReader reader(value);
  const std::optional<Uuid> id = array_from<sizeof(Uuid)>(reader.bytes(sizeof(Uuid)));
  if (!reader.ok()) {
    return std::nullopt;
  }
  StoredEpoch epoch{.id = *id, .has_ledger = !reader.at_end(), .origin = {}, .note = {}};
  if (epoch.has_ledger && reader.u8() != kWithLedger) {
    return std::nullopt;
  }
  if (epoch.has_ledger) {
    epoch.origin = text_from(reader);
    epoch.note = text_from(reader);
  }
  return reader.ok() && reader.at_end() ? std::optional(std::move(epoch)) : std::nullopt;
}

std::string own_key(std::uint64_t number) {
  return std::string(kOwnPrefix) + number_value(number);
}

std::optional<std::uint64_t> number_of_own_key(std::string_view key) {
  return number_behind(kOwnPrefix, key);
}

std::string note_key(std::uint64_t number) {
  return std::string(kNotePrefix) + number_value(number);
}

std::optional<std::uint64_t> number_of_note_key(std::string_view key) {
  return number_behind(kNotePrefix, key);
}

std::string note_value(const SavedNote& note) {
  std::string value(as_text(note.epoch_id));
  put_u64(value, note.size);
  value.append(as_text(note.root));
  put_i64(value, note.accepted_at);
  put_text(value, note.note);
  return value;
}

std::optional<SavedNote> note_from(std::string_view value) {
  ByteReader reader(value);
  SavedNote note;
  const auto epoch_id = array_from<sizeof(Uuid)>(reader.bytes(sizeof(Uuid)));
  note.size = reader.u64();
  const auto root = array_from<sizeof(Digest)>(reader.bytes(sizeof(Digest)));
  note.accepted_at = reader.i64();
  note.note = text_from(reader);
  if (!reader.ok() || !reader.at_end()) {
    return std::nullopt;
  }
  note.epoch_id = *epoch_id;
  note.root = *root;
  return note;
}

std::string tree_value(const SavedTree& tree) {
  std::string value(as_text(tree.epoch_id));
  put_u64(value, tree.frontier.size());
  for (const Digest& hash : tree.frontier.hashes()) {
    value.append(as_text(hash));
  }
  return value;
}

std::optional<SavedTree> tree_from(std::string_view value) {
  ByteReader reader(value);
  const auto epoch_id = array_from<sizeof(Uuid)>(reader.bytes(sizeof(Uuid)));
  const std::uint64_t size = reader.u64();
  std::vector<Digest> hashes;
  while (reader.ok() && !reader.at_end()) {
    hashes.push_back(array_from<sizeof(Digest)>(reader.bytes(sizeof(Digest))).value_or(Digest{}));
  }
  const auto frontier = Frontier::from(size, hashes);
  return reader.ok() && frontier ? std::optional(SavedTree{*epoch_id, *frontier}) : std::nullopt;
}

std::string declared_key(const Loss& loss) {
  std::string key(kDeclaredPrefix);
  put_u64(key, loss.leaves.first);
  put_u64(key, loss.leaves.last);
  key.push_back(static_cast<char>(loss.stores));
  return key;
}

std::string own_item(std::string_view leaf) {
  return std::string(1, kOwnItem).append(leaf);
}

std::optional<std::string_view> leaf_of_own_item(std::string_view value) {
  if (value.empty() || value.front() != kOwnItem || !parse_leaf(value.substr(1))) {
    return std::nullopt;
  }
  return value.substr(1);
}

std::string leaf_value(const Digest& hash, std::string_view own_leaf) {
  return std::string(as_text(hash)).append(own_leaf);
}

std::optional<Digest> hash_of_leaf_value(std::string_view value) {
  const auto hash = array_from<sizeof(Digest)>(value.substr(0, sizeof(Digest)));
  const std::string_view leaf = value.substr(std::min(value.size(), sizeof(Digest)));
  return hash && (leaf.empty() || leaf_hash(leaf) == *hash) ? hash : std::nullopt;
}

std::string hash_run_key(std::uint64_t last, std::size_t count) {
  std::string key = event_key(last);
  put_u16(key, static_cast<std::uint16_t>(count));
  return key;
}

std::optional<HashRun> hash_run_from(std::string_view key, std::string_view value) {
  if (const std::optional<std::uint64_t> number = leaf_of_event_key(key)) {
    return hash_of_leaf_value(value) ? std::optional(HashRun{*number, value.substr(0, sizeof(Digest))}) : std::nullopt;
  }
  ByteReader reader(key);
  const std::uint64_t last = reader.u64();
  const std::size_t count = reader.u16();
  const bool is_whole = reader.ok() && reader.at_end() && count > 0 && count <= kMostHashesOfRun && last >= count &&
                        value.size() == count * sizeof(Digest);
  return is_whole ? std::optional(HashRun{last - count + 1, value}) : std::nullopt;
}

std::optional<std::uint64_t> last_number_of_key(std::string_view key) {
  const std::optional<std::uint64_t> number = leaf_of_event_key(key);
  const std::size_t run_key_bytes = hash_run_key(0, 0).size();
  return number || key.size() != run_key_bytes ? number : leaf_of_event_key(key.substr(0, sizeof(std::uint64_t)));
}

}  // namespace twinlog
