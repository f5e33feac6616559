#include "plugins/api/erasure.h"

#include <algorithm>
#include <utility>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/field_table.h"
#include "ledger/tree/merkle.h"

namespace twinlog {
namespace {

std::optional<KeptFields> kept_of(const std::string& salts) {
  if (salts.empty()) {
    return std::nullopt;
  }
  Result<KeptFields> kept = parse_salts(salts);
  return kept ? std::optional(std::move(*kept)) : std::nullopt;
}

/// What the salts of an acceptance with this content have to be; nothing where neither key nor salts are left of it.
std::optional<KeptFields> kept_after_all(const AuthEvent& event, const std::optional<RecordKey>& key,
                                         const std::string& salts, const std::vector<std::uint8_t>& fields) {
  if (const auto kept = kept_of(salts)) {
    return kept_after(event, *kept, fields);
  }
  return key ? std::optional(kept_after(event, *key, fields)) : std::nullopt;
}

std::optional<RecordKey> key_of(const LedgerRow& row) {
  return row.version.ledger ? std::optional(row.version.ledger->record_key) : std::nullopt;
}

/// In a conflict's key the place of the content's hash is taken by that of its leaf, which tells nothing.
Digest hash_in_key(const LedgerRow& row) {
  const Version& version = row.version;
  if (version.ledger) {
    return leaf_hash(event_leaf(version));
  }
  if (row.tenant_seq) {
    return version.content_hash;  // It is that of the leaf already.
  }
  return sha256("no leaf" + std::string(as_text(version.epoch_id)) + std::to_string(version.leaf_index));
}

bool has_any(const AuthEvent& event, const std::vector<std::uint8_t>& fields) {
  return std::ranges::any_of(fields, [&](std::uint8_t field) { return field_value(event, field).has_value(); });
}

std::optional<ErasedRow> erased(const LedgerRow& row, const std::vector<std::uint8_t>& fields) {
  const auto kept = kept_after_all(row.version.event, key_of(row), row.salts, fields);
  ErasedRow made{.row = &row, .salts = kept ? salts_bytes(*kept) : row.salts, .content_hash = hash_in_key(row)};
  const bool is_content_known = row.is_conflict ? made.content_hash != row.version.content_hash : row.has_content_hash;
  if (!row.version.ledger && made.salts == row.salts && !is_content_known && !has_any(row.version.event, fields)) {
    return std::nullopt;
  }
  return made;
}

/// Whether the leaf is one over this content, with the acceptance's own key or salts.
bool accepts(const LedgerLeafRow& leaf, const Digest& root, const AuthEvent& event) {
  if (leaf.record_key) {
    return content_root(event, *leaf.record_key) == root;
  }
  const auto kept = kept_of(leaf.salts);
  const auto found = kept ? content_root(event, *kept) : Result<Digest>(Error(ErrorKind::kInvalid, ""));
  return found && *found == root;
}

std::optional<ErasedLeaf> erased(const LedgerLeafRow& leaf, const std::vector<LedgerRow>& rows,
                                 const std::vector<std::uint8_t>& fields) {
  if (!leaf.record_key && leaf.salts.empty()) {
    return std::nullopt;  // It came when the record was erased already.
  }
  ErasedLeaf made{.row = &leaf, .salts = {}};
  const Result<Leaf> parsed = parse_leaf(leaf.leaf);
  const EventLeaf* const content = parsed ? std::get_if<EventLeaf>(&parsed->content) : nullptr;
  for (const LedgerRow& row : rows) {
    if (content != nullptr && accepts(leaf, content->content_root, row.version.event)) {
      const auto kept = kept_after_all(row.version.event, leaf.record_key, leaf.salts, fields);
      made.salts = kept ? salts_bytes(*kept) : "";
      break;
    }
  }
  // Without a match there is nothing to renew its salts from, and they stay; a key, which opens everything, does not.
  const bool is_to_change = leaf.record_key || (!made.salts.empty() && made.salts != leaf.salts);
  return is_to_change ? std::optional(made) : std::nullopt;
}

}  // namespace

std::set<std::uint8_t> fields_to_erase(std::span<const std::uint8_t> asked) {
  std::set<std::uint8_t> fields(asked.begin(), asked.end());
  if (fields.contains(kFieldUserId) || fields.contains(kFieldUsername)) {
    fields.insert(kFieldAccount);
  }
  return fields;
}

ErasurePlan plan_erasure(const RecordGroups& groups, const std::set<std::uint8_t>& fields) {
  const std::vector<std::uint8_t> ascending(fields.begin(), fields.end());
  ErasurePlan plan;
  for (const auto& [key, group] : groups) {
    for (const LedgerRow& row : group.rows) {
      if (const auto made = erased(row, ascending)) {
        (row.is_conflict ? plan.conflicts : plan.records).push_back(*made);
      }
    }
    for (const LedgerLeafRow& leaf : group.further) {
      if (const auto made = erased(leaf, group.rows, ascending)) {
        plan.leaves.push_back(*made);
      }
    }
  }
  return plan;
}

KeptRecord kept_record(const EventKey& key, const RecordGroup& group) {
  KeptRecord kept{.key = key, .leaves = {}, .newest_received_at = 0, .accounts = {}};
  std::set<std::string> accounts;
  for (const LedgerRow& row : group.rows) {
    const Version& version = row.version;
    if (row.tenant_seq) {
      kept.leaves.push_back({version.epoch_id, version.leaf_index});
    }
    kept.newest_received_at = std::max(kept.newest_received_at, version.received_at);
    for (std::string& account : accounts_of(version.event)) {
      accounts.insert(std::move(account));
    }
  }
  for (const LedgerLeafRow& leaf : group.further) {
    kept.leaves.push_back({leaf.epoch_id, leaf.leaf_index});
    if (const Result<Leaf> parsed = parse_leaf(leaf.leaf)) {
      kept.newest_received_at = std::max(kept.newest_received_at, parsed->header.accept_at);
    }
  }
  kept.accounts.assign(accounts.begin(), accounts.end());
  return kept;
}

ErasedByAccount accounts_of_erased(const RecordGroups& groups) {
  ErasedByAccount erased;
  for (const auto& [key, group] : groups) {
    for (const LedgerRow& row : group.rows) {
      for (std::string& account : accounts_of(row.version.event)) {
        auto& versions = erased[{key.tenant_id, std::move(account)}];
        versions.insert({key.log_id, row.version.content_hash});
        versions.insert({key.log_id, Digest{}});  // As an earlier erasure left it.
      }
    }
  }
  return erased;
}

void forget_erased(AccountState& state, const std::set<std::pair<std::string, Digest>>& versions,
                   const std::set<std::uint8_t>& fields) {
  const auto is_erased = [&](const Position& position) {
    return versions.contains({position.log_id, position.content_hash});
  };
  if (state.attempts && is_erased(state.attempts->position)) {
    state.attempts->position.content_hash = {};
  }
  if (state.success && is_erased(*state.success)) {
    state.success->content_hash = {};
  }
  if (state.lock && is_erased(state.lock->position)) {
    state.lock->position.content_hash = {};
    if (fields.contains(*field_number("lock_reason"))) {
      state.lock->reason.reset();
    }
  }
  if (state.newest && is_erased(state.newest->position)) {
    state.newest->position.content_hash = {};
    if (fields.contains(*field_number("organisation_id"))) {
      state.newest->organisation_id.reset();
    }
  }
}

}  // namespace twinlog
