// Redaction, session hashes and number range, applied in place to values that go into a record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ledger/record/event_reader.h"
#include "ledger/record/json_tape.h"
#include "ledger/record/secret_key.h"

namespace twinlog {

/// Cleans parts of one tape. Each value is to be cleaned once.
class Cleanser {
 public:
  /// `tape` and `counts` outlive the cleanser.
  Cleanser(JsonTape& tape, std::string tenant_id, ReadCounts& counts)
      : tape_(tape), tenant_id_(std::move(tenant_id)), counts_(counts) {}

  /// Cleans the value at `index` and everything in it. True when a repair rule changed it or had changed it in mending.
  bool clean_value(std::uint32_t index);

  /// The same for a string that somebody typed as a name: redacted only where it is one secret as a whole.
  bool clean_name(std::uint32_t index);

  /// The same for the member whose key is at `key`, by the rules for its name, too.
  bool clean_member(std::uint32_t key);

  /// What is kept of an event's own session id at `index`: the first 32 hex digits of SHA-256 over tenant_id, NUL, id.
  /// The id is the string, or the canonical JSON of a value of another type. What was kept of one below ("sref:...")
  /// stays.
  std::string session_ref(std::uint32_t index);

 private:
  bool clean_range(std::uint32_t begin, std::uint32_t end);
  // Cleans the key; `next` is moved behind the value where that is settled, too.
  bool clean_key(std::uint32_t key, std::uint32_t& next);
  bool clean_text(std::uint32_t index);
  bool put_text(std::uint32_t index, const std::optional<std::string>& cleaned);
  std::string session_hash(std::uint32_t index);
  bool is_kept_session(std::uint32_t index) const;
  // True when the number is text from now on.
  bool clean_number(std::uint32_t index);
  bool is_secret_value(KeyKind kind, std::uint32_t index) const;

  JsonTape& tape_;
  std::string tenant_id_;
  ReadCounts& counts_;
};

}  // namespace twinlog
