#include "ledger/verify/account_check.h"

#include <algorithm>

#include "ledger/verify/leaf_check.h"

namespace twinlog {
namespace {

constexpr std::uint64_t kNoEnd = ~std::uint64_t{0};

AccountState without_marks(AccountState state) {
  state.marks.clear();
  return state;
}

}  // namespace

Status AccountCheck::run(const std::vector<const SortedFile*>& files) {
  SortedReader reader(files);
  std::string group;
  while (const std::string_view* record = reader.next()) {
    if (record->substr(0, kAccountGroupBytes) != group) {
      if (Status ended = group.empty() ? Status() : end(); !ended) {
        return ended;
      }
      group = record->substr(0, kAccountGroupBytes);
      begin(*record);
    }
    if (is_account_row(*record)) {
      row_ = read_account_row(*record);
    } else {
      take(read_account_claim(*record));
    }
  }
  if (Status ended = group.empty() ? Status() : end(); !ended) {
    return ended;
  }
  return reader.status();
}

void AccountCheck::begin(std::string_view record) {
  store_ = static_cast<StoreSide>(record.front());
  row_.reset();
  possible_.assign(1, Possible{});
  has_too_many_ = false;
  is_all_alive_ = true;
  tenant_id_.clear();
  log_id_.clear();
  digest_ = record.substr(1, kAccountGroupBytes - 1);
  newest_.clear();
  is_sound_ = true;
}

AccountCheck::Membership AccountCheck::membership(const AccountClaim& claim) {
  if (claim.spot.epoch == kNoEpoch) {
    return Membership::kIn;
  }
  const EpochFacts& facts = parts_.book.at(claim.spot.epoch);
  const auto side = static_cast<std::size_t>(claim.store);
  if (claim.spot.index < facts.confirmed.at(side) || facts.is_skipped) {
    return Membership::kIn;
  }
  // Tiles are written before accounts: what has none cannot have moved an account.
  return claim.spot.index < facts.tile_end.at(side) ? Membership::kOpen : Membership::kOut;
}

void AccountCheck::note_for_watch(const AccountClaim& claim) {
  if (parts_.watch == nullptr) {
    return;
  }
  is_sound_ = is_sound_ && parts_.watch->is_sound(claim.store, claim.spot);
  if (claim.spot.epoch != kNoEpoch) {
    std::uint64_t& newest = newest_[claim.spot.epoch];
    newest = std::max(newest, claim.spot.index);
  }
}

void AccountCheck::take(const AccountClaim& claim) {
  tenant_id_ = claim.version.event.tenant_id;
  log_id_ = claim.version.event.log_id;
  const Membership member = membership(claim);
  if (member == Membership::kOut || has_too_many_) {
    return;
  }
  note_for_watch(claim);
  const std::vector<const Version*> one{&claim.version};
  if (member == Membership::kIn) {
    for (Possible& possible : possible_) {
      // In the order of positions nothing has to be counted anew.
      static_cast<void>(merge(possible.state, one));
      possible.is_begun = true;
    }
    return;
  }
  is_all_alive_ = is_all_alive_ && is_alive(parts_.book.at(claim.spot.epoch), parts_.now);
  std::vector<Possible> next;
  for (const Possible& possible : possible_) {
    split(next, possible, claim);
  }
  possible_ = std::move(next);
  has_too_many_ = possible_.size() > kMostPossibleStates;
}

void AccountCheck::split(std::vector<Possible>& out, const Possible& one, const AccountClaim& claim) const {
  const auto place = one.cuts.find(claim.spot.epoch);
  const Cut cut = place == one.cuts.end() ? Cut{0, kNoEnd} : place->second;
  const std::uint64_t index = claim.spot.index;
  if (cut.begin <= index) {  // The account ends before this leaf.
    Possible& without = out.emplace_back(one);
    without.cuts[claim.spot.epoch] = {cut.begin, std::min(cut.end, index + 1)};
  }
  if (cut.end > index + 1) {
    Possible& with = out.emplace_back(one);
    with.cuts[claim.spot.epoch] = {std::max(cut.begin, index + 1), cut.end};
    static_cast<void>(merge(with.state, {&claim.version}));
    with.is_begun = true;
  }
}

bool AccountCheck::is_explained(const AccountRowClaim& row) const {
  const Result<AccountState> state = decode_account_state(row.state);
  return state && std::any_of(possible_.begin(), possible_.end(), [&](const Possible& possible) {
           return possible.is_begun && without_marks(*state) == possible.state && shown(possible.state) == row.account;
         });
}

bool AccountCheck::is_beyond_judging(const AccountRowClaim& row) const {
  const Result<AccountState> state = decode_account_state(row.state);
  if (!state || !(shown(*state) == row.account)) {
    return false;
  }
  const GoneEvents gone{parts_.pruned_until, *parts_.erased.at(static_cast<std::size_t>(store_)), row.tenant_id};
  return std::any_of(possible_.begin(), possible_.end(),
                     [&](const Possible& possible) { return rests_on_what_is_gone(*state, possible.state, gone); });
}

Status AccountCheck::end() {
  if (!row_) {
    const bool may_be_none =
        std::any_of(possible_.begin(), possible_.end(), [](const Possible& one) { return !one.is_begun; });
    if (has_too_many_) {
      tell_too_many();
      return {};
    }
    return may_be_none ? Status() : differ("an account of which events are here has no row");
  }
  if (!row_->faults.empty()) {
    return differ("account row: " + row_->faults);
  }
  if (has_too_many_) {
    const Result<AccountState> state = decode_account_state(row_->state);
    if (!state || !(shown(*state) == row_->account)) {
      return differ("account row is not what its own state comes to");
    }
    tell_too_many();
    return {};
  }
  if (is_explained(*row_) || is_beyond_judging(*row_)) {
    return {};
  }
  return differ("account row is not what its events come to");
}

Status AccountCheck::differ(const std::string& words) {
  tell(Verdict::kStateMismatch, words);
  if (parts_.watch == nullptr) {
    return {};
  }
  AccountDifference difference;
  difference.store = store_;
  difference.account_digest = digest_;
  difference.tenant_id = tenant_id_;
  difference.log_id = log_id_;
  difference.newest = newest_;
  if (row_) {
    difference.held = row_->state;
  }
  difference.is_partly_gone = parts_.pruned_until || !parts_.erased.at(static_cast<std::size_t>(store_))->is_empty();
  if (is_sound_ && !has_too_many_ && possible_.size() == 1 && possible_.front().is_begun) {
    difference.true_state = possible_.front().state;
  }
  return parts_.watch->take(difference);
}

/// What is on its way from an agent that lives is no finding, and its next checkpoint decides. Otherwise no proof is
/// not "fine".
void AccountCheck::tell_too_many() {
  if (is_all_alive_) {
    ++unjudged;
    return;
  }
  tell(Verdict::kPending, "account: so many of its events are under no checkpoint yet that more than " +
                              std::to_string(kMostPossibleStates) + " states are possible: not judged");
}

void AccountCheck::tell(Verdict verdict, const std::string& words) {
  Finding finding;
  finding.verdict = verdict;
  finding.store = store_;
  finding.tenant_id = row_ ? row_->tenant_id : tenant_id_;
  finding.log_id = row_ ? row_->account.log_id : log_id_;
  finding.detail = words;
  parts_.log.add(finding);
}

}  // namespace twinlog
