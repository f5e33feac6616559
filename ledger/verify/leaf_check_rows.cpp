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
  if (row.is_bare) {
    note_bare(group, row);
  }
}

void LeafCheck::note_bare(const LeafGroup& group, const RowClaim& row) {
  std::optional<UtcMicros> erased_at;
  for (const Declaration& one : declarations_) {
    if (one.kind == Declaration::Kind::kErased && one.last >= group.spot.index) {
      erased_at = std::min(erased_at.value_or(one.accept_at), one.accept_at);
    }
  }
  if (erased_at) {
    bare_.push_back({group.spot.index, row.store, *erased_at});
  }
}

/// `now` is the time of the newest leaf, up to which the tally of this epoch holds.
void LeafCheck::settle_bare(UtcMicros now) {
  const std::array<std::uint64_t, kStoreSides> told{rules_.tally().confirmed_postgres,
                                                    rules_.tally().confirmed_mongodb};
  std::erase_if(bare_, [&](const Bare& one) {
    if (now + kMostApart > one.erased_at) {
      return true;  // It may have come after the values were gone.
    }
    const bool was_there = told.at(static_cast<std::size_t>(one.store)) > one.index;
    if (was_there) {
      bare_repeats[{number_, one.index, one.store}] = one.erased_at;
    }
    return was_there;
  });
}

/// What no leaf of its own epoch counts had arrived when a later one of the same spool counted anything.
void LeafCheck::settle_bare_at_end() {
  constexpr int kMostSteps = 64;
  for (const Bare& one : bare_) {
    const EpochFacts* facts = facts_;
    std::optional<UtcMicros> complete_at;
    for (int step = 0; facts->successor && !complete_at && step < kMostSteps; ++step) {
      facts = &parts_.book.at(*facts->successor);
      complete_at = facts->first_tallied_at.at(static_cast<std::size_t>(one.store));
    }
    if (complete_at && *complete_at + kMostApart <= one.erased_at) {
      bare_repeats[{number_, one.index, one.store}] = one.erased_at;
    }
  }
  bare_.clear();
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
