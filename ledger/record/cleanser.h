// Redaction, session hashes and number range, applied in place to values that go into a record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/record/event_reader.h"
#include "ledger/record/json_tape.h"

namespace twinlog {

inline constexpr std::string_view kSessionIdName = "session_id";

/// Cleans parts of one tape. Each value is to be cleaned once.
class Cleanser {
 public:
  /// `tape` and `counts` outlive the cleanser.
  Cleanser(JsonTape& tape, std::string tenant_id, ReadCounts& counts)
      : tape_(tape), tenant_id_(std::move(tenant_id)), counts_(counts) {}

  /// Cleans the value at `index` and everything in it. True when a repair rule changed it or had changed it in mending.
  bool clean_value(std::uint32_t index);

  /// The same for the member whose key is at `key`, by the rules for its name, too.
  bool clean_member(std::uint32_t key);

  /// What is kept of the session id at `index` (first 32 hex of SHA-256 over tenant_id, NUL, id). The id is
  /// the string, or the canonical JSON of a value of another type.
  std::string session_hash(std::uint32_t index);

 private:
  bool clean_range(std::uint32_t begin, std::uint32_t end);
  // Cleans the key; `next` is moved behind the value where that is settled, too.
  bool clean_key(std::uint32_t key, std::uint32_t& next);
  bool clean_text(std::uint32_t index);
  // True when the number is text from now on.
  bool clean_number(std::uint32_t index);
  bool is_secret_value(std::uint32_t index) const;

  JsonTape& tape_;
  std::string tenant_id_;
  ReadCounts& counts_;
};

}  // namespace twinlog
