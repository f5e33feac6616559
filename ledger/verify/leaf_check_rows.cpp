// The part of LeafCheck that looks at rows.
#include <algorithm>

#include "ledger/leaf/field_table.h"
#include "ledger/verify/leaf_check.h"

namespace twinlog {
namespace {

constexpr std::uint32_t bit(std::uint8_t field) {
  return 1U << field;
}
/// What one cannot know: erasing a name of the user takes the account with it, named or not.
constexpr std::uint32_t kNames = bit(kFieldUserId) | bit(kFieldUsername);
constexpr std::uint32_t kKeyFields = bit(kFieldTenantId) | bit(kFieldLogId);

std::string changed_words(const RowClaim& row) {
  const std::string kind(row_kind_text(row.kind));
  return kind + " is not what was signed" + (row.faults.empty() ? "" : ": " + row.faults);
}

}  // namespace

/// The row that is what was signed; null where there is none. Without a truth, rows are only held to themselves.
const RowClaim* LeafCheck::check_rows(const LeafGroup& group, StoreSide store, const std::optional<Digest>& truth) {
  const std::uint64_t index = group.spot.index;
  const RowClaim* good = nullptr;
  for (const RowClaim& row : group.rows) {
    const bool is_good = row.store == store && row.has_hash && (!truth || row.hash == *truth);
    if (is_good && good == nullptr) {
      good = &row;
    }
  }
  bool is_changed_told = good != nullptr;
  for (const RowClaim& row : group.rows) {
    if (row.store != store || &row == good) {
      continue;
    }
    if (is_changed_told) {
      runs_.add(Verdict::kForeign, place(index, store, &row),
                std::string(row_kind_text(row.kind)) + " at the place of another");
    } else {
      is_changed_told = true;
      runs_.add(Verdict::kModified, place(index, store, &row), changed_words(row));
    }
  }
  if (good != nullptr) {
    check_good_row(group, *good);
  }
  return good;
}

void LeafCheck::check_good_row(const LeafGroup& group, const RowClaim& row) {
  if (!row.faults.empty()) {
    runs_.add(Verdict::kModified, place(group.spot.index, row.store, &row),
              std::string(row_kind_text(row.kind)) + ": " + row.faults);
  }
  if (row.kind == RowClaim::Kind::kRecord || row.kind == RowClaim::Kind::kConflict) {
    check_erasure(group, row);
  }
}

void LeafCheck::check_erasure(const LeafGroup& group, const RowClaim& row) {
  std::uint32_t allowed = 0;
  std::uint32_t demanded = 0;
  for (const Declaration& one : declarations_) {
    if (one.kind == Declaration::Kind::kErased && one.last >= group.spot.index) {
      allowed |= one.fields;
      demanded |= one.accept_at + kLongestErasure < parts_.now ? one.fields : 0U;
    }
  }
  if ((allowed & kNames) != 0) {
    allowed |= bit(kFieldAccount);
  }
  if ((row.erased & ~allowed) != 0) {
    runs_.add(Verdict::kModified, place(group.spot.index, row.store, &row),
              std::string(row_kind_text(row.kind)) + ": erased, and no ERASE leaf says so");
  } else if ((row.present & demanded & ~kKeyFields) != 0) {
    runs_.add(Verdict::kModified, place(group.spot.index, row.store, &row),
              std::string(row_kind_text(row.kind)) + ": a value is there that was erased");
  }
}

}  // namespace twinlog
