#include "agent/cli/changed_fields.h"

#include <algorithm>
#include <optional>

#include "ledger/leaf/field_table.h"

namespace twinlog {
namespace {

/// The row of that leaf; nothing where the store does not have it.
std::optional<AuthEvent> event_of(ProofReader& reader, const Finding& finding) {
  const auto rows = reader.versions({*finding.tenant_id, *finding.log_id});
  if (!rows) {
    return std::nullopt;
  }
  const auto found = std::ranges::find_if(
      *rows, [&finding](const LedgerRow& row) { return row.version.leaf_index == *finding.leaf_index; });
  return found == rows->end() ? std::nullopt : std::optional(found->version.event);
}

}  // namespace

bool ChangedFields::open() {
  if (state_ == State::kNew) {
    const bool is_open =
        std::ranges::all_of(readers_, [](ProofReader* reader) { return reader != nullptr && !reader->open(); });
    state_ = is_open ? State::kOpen : State::kAway;
  }
  return state_ == State::kOpen;
}

std::string ChangedFields::words(const Finding& finding) {
  const bool is_row = finding.verdict == Verdict::kModified && finding.store && finding.leaf_index &&
                      finding.tenant_id && finding.log_id;
  if (!is_row || !open()) {
    return "";
  }
  const auto side = static_cast<std::size_t>(*finding.store);
  const auto here = event_of(*readers_.at(side), finding);
  const auto there = event_of(*readers_.at(1 - side), finding);
  if (!here || !there) {
    return "";
  }
  std::string names;
  for (std::uint8_t field = 1; field <= kFields; ++field) {
    if (field_value(*here, field) != field_value(*there, field)) {
      names.append(names.empty() ? "" : ", ").append(kFieldNames.at(field - 1U));
    }
  }
  return names.empty() ? "" : "differs from the other store in: " + names;
}

}  // namespace twinlog
