// What a person may order of the keeper, and the checks that need no store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"

namespace twinlog {

/// Of one record, or of all that speak to an account: exactly one of `log_id` and `account` is not "".
struct EraseOrder {
  std::string tenant_id;
  std::string log_id;
  std::string account;               ///< As the lockout mirror names it.
  std::vector<std::uint8_t> fields;  ///< Ascending, with those that go along.
  std::string request;               ///< Goes into the leaf; "" for none.
};

/// As people give it; an Error (kInvalid) says which part is wrong and why. `fields`: names between commas.
struct ErasureWords {
  std::string tenant_id, log_id, account, fields, request;
};
Result<EraseOrder> erase_order(const ErasureWords& words);

/// The numbers of the fields named; those that tell which record it is go with the whole record only.
Result<std::vector<std::uint8_t>> erasable_fields(std::string_view names);

/// "" where the text fits into a leaf and on a line.
std::string_view check_declaration(std::string_view text);

/// Whole records of which every version is older.
struct PruneOrder {
  UtcMicros before = 0;
  std::string policy;  ///< Goes into the leaves.
  bool applies = false;
};

/// `before`: RFC 3339. As erase_order().
struct RetentionWords {
  std::string before, policy;
  bool applies = false;
};
Result<PruneOrder> prune_order(const RetentionWords& words);

using KeeperOrder = std::variant<EraseOrder, PruneOrder>;

}  // namespace twinlog
