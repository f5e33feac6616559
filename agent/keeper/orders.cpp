#include "agent/keeper/orders.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "ledger/leaf/field_table.h"
#include "ledger/leaf/leaf.h"
#include "ledger/record/auth_event.h"
#include "ledger/record/timestamp.h"
#include "plugins/api/erasure.h"

namespace twinlog {
namespace {

constexpr std::string_view kName = "name:";
constexpr std::string_view kId = "id:";

Error invalid(std::string words) {
  return {ErrorKind::kInvalid, std::move(words)};
}

/// As every record of it has it; "" for what is no account.
std::string account_of(const std::string& words) {
  if (words.starts_with(kName)) {
    const std::string folded = fold_username(std::string_view(words).substr(kName.size()));
    return folded.empty() ? "" : std::string(kName) + folded;
  }
  return words.starts_with(kId) && words.size() > kId.size() ? words : "";
}

}  // namespace

std::string_view check_declaration(std::string_view text) {
  const bool has_control = std::ranges::any_of(text, [](char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; });
  return text.empty() || text.size() > kMostDeclarationBytes || has_control ? "1 to 64 bytes on one line" : "";
}

Result<std::vector<std::uint8_t>> erasable_fields(std::string_view names) {
  std::vector<std::uint8_t> asked;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    const std::optional<std::uint8_t> number = field_number(name);
    if (!number) {
      return invalid("no field that can be erased has the name \"" + std::string(name) + "\"");
    }
    if (*number <= kFieldOccurredAt) {
      return invalid(std::string(name) + " cannot be erased: it goes with the whole record only (`twinlog prune`)");
    }
    asked.push_back(*number);
  }
  if (asked.empty()) {
    return invalid("which fields are to be erased? names between commas, for instance ip,user_agent");
  }
  const std::set<std::uint8_t> all = fields_to_erase(asked);
  return std::vector<std::uint8_t>(all.begin(), all.end());
}

Result<EraseOrder> erase_order(const ErasureWords& words) {
  Result<std::vector<std::uint8_t>> fields = erasable_fields(words.fields);
  if (!fields) {
    return fields.error();
  }
  if (words.tenant_id.empty()) {
    return invalid("of which tenant?");
  }
  if (words.log_id.empty() == words.account.empty()) {
    return invalid("either one record by its log_id, or an account");
  }
  const std::string account = account_of(words.account);
  if (!words.account.empty() && account.empty()) {
    return invalid("an account is id:USER_ID or name:USERNAME");
  }
  if (const std::string_view wrong = check_declaration(words.request); !wrong.empty()) {
    return invalid("the request that is being followed is named in " + std::string(wrong));
  }
  return EraseOrder{.tenant_id = words.tenant_id,
                    .log_id = words.log_id,
                    .account = account,
                    .fields = std::move(*fields),
                    .request = words.request};
}

Result<PruneOrder> prune_order(const RetentionWords& words) {
  const auto before = rfc3339_time(words.before);
  if (!before || before->range != TimeRange::kWithin) {
    return invalid("records before when? a time such as 2026-11-24T13:45:00Z");
  }
  if (const std::string_view wrong = check_declaration(words.policy); !wrong.empty()) {
    return invalid("the policy that is being followed is named in " + std::string(wrong));
  }
  return PruneOrder{.before = before->micros, .policy = words.policy, .applies = words.applies};
}

}  // namespace twinlog
