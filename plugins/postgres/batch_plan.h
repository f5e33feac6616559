// The pure part of a flush: which version of a key is offered as the record, and, once the store has said what it
// holds, which are conflicts.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "plugins/api/store.h"

namespace twinlog::postgres {

/// The versions of one key in one batch. Equal content stands once, with its first acceptance.
struct KeyPlan {
  const Version* first = nullptr;      ///< First in leaf order: offered as the record.
  std::vector<const Version*> others;  ///< Other contents, in order of content_hash.
  /// The content of the record that the store holds under this key.
  Digest stored{};
  bool is_named = false;     ///< The store said something about this key.
  bool is_inserted = false;  ///< `first` is the record since this flush.
  bool is_erased = false;    ///< The record has no content left: nothing is kept beside it.
};

/// Keys in bytewise order, as the store's "C" collation has it: every agent locks in the same order.
class BatchPlan {
 public:
  /// The versions must outlive the plan.
  explicit BatchPlan(std::span<const Version* const> versions);

  const std::vector<KeyPlan>& keys() const { return keys_; }
  /// The first versions, in order of key.
  std::vector<const Version*> firsts() const;

  /// The store holds `stored` under this key and touched the row now: it inserted `first`, or found another content.
  void note_record(std::string_view tenant_id, std::string_view log_id, const Digest& stored);
  /// The first versions of keys that the store did not name: it holds the same already, or has dropped them.
  std::vector<const Version*> unnamed() const;
  /// The store was asked about a key that it had not named, and has held `stored` there since before; nothing: an
  /// erased record, under whose key everything counts as the same.
  void note_older_record(std::string_view tenant_id, std::string_view log_id, const std::optional<Digest>& stored);

  /// After all records were noted: the versions to be kept beside the record, in order of key and hash.
  std::vector<const Version*> conflicts() const;
  /// The versions with this key that became the record now, in order of key.
  std::vector<const Version*> inserted() const;
  /// After all records were noted: all contents that are in the store once the conflicts are written, in order of key.
  std::vector<const Version*> kept() const;
  /// Keys with a conflict that the upsert of the record could not see, as it lies in this batch only.
  std::vector<const Version*> firsts_with_other_contents() const;

 private:
  KeyPlan* plan_of(std::string_view tenant_id, std::string_view log_id);
  std::vector<KeyPlan> keys_;
};

}  // namespace twinlog::postgres
