// Dead letters as the admin socket gives them and `--json` prints them: one JSON object a line. Both directions of it;
// agent/cli/ADMIN_SOCKET.md describes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "spool/spool.h"

namespace twinlog {

struct LetterView {
  StoreId store = StoreId::kPostgres;
  std::uint64_t leaf = 0;
  std::string tenant_id;
  std::string log_id;
  std::string refused_at;  ///< RFC 3339 with six digits, so that the order of texts is that of times.
  std::string code;
  std::string constraint;
  std::string where;
  std::string words;
  std::string record = {};  ///< The line that an export has for it, without its LF; "" where it was not asked for.
};

enum class LetterMembers : std::uint8_t { kFacts, kRecord };

LetterView view_of(StoreId store, const DeadLetter& letter, LetterMembers members);

/// Without an LF; the record as a member `record` where there is one.
std::string letter_json(const LetterView& letter);
/// Nothing when it is no letter. Passes over `record`.
std::optional<LetterView> read_letter(std::string_view json);

/// "postgres", "mongodb".
std::optional<StoreId> store_named(std::string_view name);

}  // namespace twinlog
