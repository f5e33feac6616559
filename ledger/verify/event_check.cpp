#include "ledger/verify/event_check.h"

#include <algorithm>
#include <utility>

#include "ledger/leaf/commitment.h"
#include "ledger/record/canonical.h"

namespace twinlog {
namespace {

using Kind = RowClaim::Kind;

/// Versions of one event that are held side by side; a store has few.
constexpr std::size_t kMostClaims = 10'000;

const EventClaim* record_of(const std::vector<EventClaim>& claims) {
  const auto place =
      std::find_if(claims.begin(), claims.end(), [](const EventClaim& one) { return one.kind == Kind::kRecord; });
  return place == claims.end() ? nullptr : &*place;
}

bool has_content(const EventClaim& version, const EventClaim& further) {
  const Result<AuthEvent> event = parse_content(version.content);
  if (!event) {
    return false;
  }
  if (further.record_key) {
    return content_root(*event, *further.record_key) == further.content_root;
  }
  const Result<KeptFields> kept = parse_salts(further.salts);
  if (!kept) {
    return false;
  }
  const Result<Digest> root = content_root(*event, *kept);
  return root && *root == further.content_root;
}

}  // namespace

Status EventCheck::run(const std::vector<const SortedFile*>& files) {
  SortedReader reader(files);
  std::vector<EventClaim> claims;
  std::string group;
  while (const std::string_view* record = reader.next()) {
    if (record->substr(0, kEventGroupBytes) != group) {
      check_event(claims);
      claims.clear();
      group = record->substr(0, kEventGroupBytes);
      is_surplus_told_ = false;
    }
    if (claims.size() < kMostClaims) {
      claims.push_back(read_event_claim(*record));
    } else {
      check_surplus(claims, read_event_claim(*record));
    }
  }
  check_event(claims);
  return reader.status();
}

void EventCheck::check_event(const std::vector<EventClaim>& claims) {
  if (claims.empty() || (claims.size() == 1 && claims.front().kind == Kind::kRecord && !claims.front().has_conflict)) {
    return;
  }
  const EventClaim* record = record_of(claims);
  if (record != nullptr) {
    check_conflicts(*record, claims);
  }
  bool is_first = true;
  for (const EventClaim& claim : claims) {
    if (claim.kind == Kind::kRecord && !std::exchange(is_first, false)) {
      tell(Verdict::kForeign, claim, "a second record of one id");
    }
    if (claim.kind == Kind::kFurther) {
      check_further(claim, claims);
    }
  }
}

void EventCheck::check_conflicts(const EventClaim& record, const std::vector<EventClaim>& claims) {
  bool has_confirmed = false;
  bool has_any = false;
  for (const EventClaim& claim : claims) {
    if (claim.kind == Kind::kConflict) {
      has_any = true;
      has_confirmed = has_confirmed || is_confirmed(claim);
      check_order(record, claim);
    }
  }
  if (record.has_conflict && !has_any) {
    tell(Verdict::kModified, record, "record: has_conflict, and no conflict is there");
  } else if (!record.has_conflict && has_confirmed) {
    tell(Verdict::kModified, record, "record: has_conflict is not set, and conflicts are there");
  }
}

void EventCheck::check_order(const EventClaim& record, const EventClaim& conflict) {
  const bool is_before = conflict.spot.epoch == record.spot.epoch && conflict.spot.epoch != kNoEpoch &&
                         conflict.spot.index < record.spot.index;
  if (is_before && !is_refused(conflict)) {
    tell(Verdict::kConflictOrder, conflict,
         "leaf " + std::to_string(conflict.spot.index) + " is the conflict, and leaf " +
             std::to_string(record.spot.index) + ", a later version of the same id, the record");
  }
}

/// Claims are sorted: the record is among those that are held, further acceptances come last.
void EventCheck::check_surplus(const std::vector<EventClaim>& held, const EventClaim& claim) {
  const EventClaim* record = record_of(held);
  if (claim.kind == Kind::kConflict && record != nullptr) {
    check_order(*record, claim);
  } else if (claim.kind == Kind::kRecord) {
    tell(Verdict::kForeign, claim, "a second record of one id");
  } else if (claim.kind == Kind::kFurther && !std::exchange(is_surplus_told_, true)) {
    tell(Verdict::kPending, claim,
         "more than " + std::to_string(kMostClaims) +
             " versions of one event: from here on its further acceptances were not compared with them");
  }
}

void EventCheck::check_further(const EventClaim& further, const std::vector<EventClaim>& claims) {
  bool is_any = false;
  bool is_erased = false;
  for (const EventClaim& claim : claims) {
    if (claim.kind == Kind::kFurther) {
      continue;
    }
    is_any = true;
    is_erased = is_erased || claim.is_erased;
    if (has_content(claim, further)) {
      return;
    }
  }
  const bool is_unknowable = !further.record_key && further.salts.empty() && is_erased;
  if (is_unknowable) {
    check_bare(further, claims);
    return;
  }
  if (is_any) {
    tell(Verdict::kModified, further, "further acceptance: no version of the record has its content");
  } else {
    tell(Verdict::kMissing, further, "further acceptance, and the record that it repeats is not there");
  }
}

/// Only what comes to a record that is erased already lies there bare. This one was there whole before: erasing it
/// would have left its salts.
void EventCheck::check_bare(const EventClaim& further, const std::vector<EventClaim>& claims) {
  const auto known = bare_.find({further.spot.epoch, further.spot.index, further.store});
  const bool is_late = known == bare_.end() || std::ranges::any_of(claims, [&](const EventClaim& claim) {
                         return claim.kind != Kind::kFurther && was_erased_before(claim, known->second);
                       });
  if (!is_late) {
    tell(Verdict::kModified, further,
         "further acceptance with neither record_key nor salts, though the store had it before the event was erased: "
         "another version lay in its place");
  }
}

bool EventCheck::was_erased_before(const EventClaim& claim, UtcMicros time) const {
  const auto ranges = erased_.find(claim.spot.epoch);
  return ranges != erased_.end() && std::ranges::any_of(ranges->second, [&](const ErasedRange& range) {
           return range.first <= claim.spot.index && claim.spot.index <= range.last && range.accept_at < time;
         });
}

void EventCheck::tell(Verdict verdict, const EventClaim& claim, const std::string& words) {
  Finding finding;
  finding.verdict = verdict;
  finding.store = claim.store;
  if (claim.spot.epoch != kNoEpoch) {
    finding.origin = book_.at(claim.spot.epoch).name();
    finding.leaf_index = claim.spot.index;
  }
  finding.tenant_id = claim.tenant_id;
  finding.log_id = claim.log_id;
  finding.detail = words;
  log_.add(finding);
}

bool EventCheck::is_refused(const EventClaim& claim) const {
  const auto ranges = refused_.find(claim.spot.epoch);
  return ranges != refused_.end() &&
         std::any_of(ranges->second.begin(), ranges->second.end(), [&claim](const RefusedRange& range) {
           return (!range.store || *range.store == claim.store) && range.first <= claim.spot.index &&
                  claim.spot.index <= range.last;
         });
}

bool EventCheck::is_confirmed(const EventClaim& claim) {
  return claim.spot.epoch == kNoEpoch ||
         claim.spot.index < book_.at(claim.spot.epoch).confirmed.at(static_cast<std::size_t>(claim.store));
}

}  // namespace twinlog
