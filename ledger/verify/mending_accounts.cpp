// The part of Mending that makes accounts again.
#include <algorithm>
#include <utility>

#include "ledger/verify/gone_events.h"
#include "ledger/verify/mending.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostOfBatch = 200;

std::string words_of(const AccountLack& lack) {
  return std::string(side_text(lack.store)) + ": an account of tenant " + lack.tenant_id + " (of event " + lack.log_id +
         ")";
}

}  // namespace

Status Mending::note_accounts_of_missed() {
  missed_.insert(missed_.end(), parts_.found.missed().begin(), parts_.found.missed().end());
  for (const StoreSide side : {StoreSide::kPostgres, StoreSide::kMongodb}) {
    std::vector<EventKey> keys;
    for (const DifferenceFinder::Missed& missed : missed_) {
      if (missed.store == side) {
        keys.push_back(missed.key);
      }
    }
    for (std::size_t at = 0; at < keys.size(); at += kMostOfBatch) {
      const std::span<const EventKey> all(keys);
      if (Status noted = note_accounts(side, all.subspan(at, std::min(kMostOfBatch, keys.size() - at))); !noted) {
        return noted;
      }
    }
  }
  return {};
}

/// As both stores have those events, whoever may have changed them.
Status Mending::note_accounts(StoreSide lacking, std::span<const EventKey> keys) {
  for (const StoreSide side : {StoreSide::kPostgres, StoreSide::kMongodb}) {
    const auto rows = store(side).versions(keys);
    if (!rows) {
      return store_failed(rows.error(), side);
    }
    for (const LedgerRow& row : *rows) {
      for (const std::string& account : accounts_of(row.version.event)) {
        unsure_.at(static_cast<std::size_t>(lacking)).insert(pair_digest(row.version.event.tenant_id, account));
      }
    }
  }
  return {};
}

Status Mending::rebuild_accounts() {
  if (parts_.found.accounts().records() == 0) {
    return {};
  }
  if (Status noted = note_accounts_of_missed(); !noted) {
    return noted;
  }
  SortedReader reader({&parts_.found.accounts()});
  std::array<std::vector<Account>, kStoreSides> batches;
  std::optional<Account> waiting;  // For the other store's, which lies behind it.
  const auto pass_on = [&](std::optional<Account> account) -> Status {
    if (!account) {
      return {};
    }
    std::vector<Account>& batch = batches.at(static_cast<std::size_t>(account->lack.store));
    return take(std::move(*account), batch);
  };
  while (const std::string_view* record = reader.next()) {
    Account account{read_account_lack(*record), false};
    if (waiting && waiting->lack.account_digest == account.lack.account_digest) {
      waiting->is_other_wrong = true;
      account.is_other_wrong = true;
    }
    if (Status done = pass_on(std::exchange(waiting, std::move(account))); !done) {
      return done;
    }
  }
  if (Status done = pass_on(std::move(waiting)); !done) {
    return done;
  }
  for (const std::vector<Account>& batch : batches) {
    if (Status done = rebuild(batch); !done) {
      return done;
    }
  }
  return reader.status();
}

Status Mending::take(Account account, std::vector<Account>& batch) {
  const AccountLack& lack = account.lack;
  if (lack.tenant_id.empty()) {
    parts_.say(std::string(side_text(lack.store)) + ": an account row that no event speaks to; it is left as it is");
    return {};
  }
  if (lack.state.empty()) {
    parts_.say(words_of(lack) + " is not what its events come to, and some of them are on their way, or not what was " +
               "signed");
    return {};
  }
  const bool is_unsure = unsure_.at(static_cast<std::size_t>(lack.store)).contains(lack.account_digest);
  if (is_unsure || missed_.size() >= kMostFaultyRows) {
    parts_.say(words_of(lack) +
               " is not made again, since an event that speaks to it is lacking and does not come back");
    return {};
  }
  batch.push_back(std::move(account));
  if (batch.size() < kMostOfBatch) {
    return {};
  }
  return rebuild(std::exchange(batch, {}));
}

Status Mending::rebuild(const std::vector<Account>& accounts) {
  if (accounts.empty()) {
    return {};
  }
  std::vector<EventKey> keys;
  keys.reserve(accounts.size());
  for (const Account& account : accounts) {
    keys.push_back({account.lack.tenant_id, account.lack.log_id});
  }
  const StoreSide side = accounts.front().lack.store;
  const auto rows = store(side).versions(keys);
  if (!rows) {
    return store_failed(rows.error(), side);
  }
  for (const Account& account : accounts) {
    if (Status done = rebuild(account, *rows); !done) {
      return done;
    }
  }
  return {};
}

/// The account's name stands in the events that speak to it.
Status Mending::rebuild(const Account& account, const std::vector<LedgerRow>& rows) {
  for (const LedgerRow& row : rows) {
    for (const std::string& name : accounts_of(row.version.event)) {
      if (pair_digest(row.version.event.tenant_id, name) == account.lack.account_digest) {
        return write(account, {row.version.event.tenant_id, name});
      }
    }
  }
  parts_.say(words_of(account.lack) + " changed while it was read; run the command again");
  return {};
}

/// What is to be written; nothing where it cannot be told. Where events are gone the other store's row says what they
/// came to, if no fault was found with that row: it was held against the events that are left.
Result<std::optional<AccountState>> Mending::state_of(const Account& account, const AccountKey& key) {
  const AccountLack& lack = account.lack;
  Result<AccountState> left = decode_account_state(lack.state);
  if (!left) {
    return left.error();
  }
  if (!lack.is_partly_gone) {
    return std::optional(std::move(*left));
  }
  const StoreSide other = other_than(lack.store);
  const auto read = store(other).account_state(key);
  if (!read) {
    return store_failed(read.error(), other);
  }
  Result<AccountState> theirs = decode_account_state(read->value_or(""));
  if (account.is_other_wrong || !*read || !theirs) {
    return std::optional<AccountState>();
  }
  theirs->marks = left->marks;
  return std::optional(std::move(*theirs));
}

Status Mending::write(const Account& account, const AccountKey& key) {
  const AccountLack& lack = account.lack;
  Result<std::optional<AccountState>> state = state_of(account, key);
  if (!state) {
    return state.error();
  }
  if (!*state) {
    parts_.say(words_of(lack) + " is not what its events come to, and some of them may be gone: neither they nor the " +
               "other store tell what that is");
    return {};
  }
  const auto written =
      store(lack.store)
          .write_account({key, lack.is_held ? std::optional(lack.held) : std::nullopt, std::move(**state)});
  if (!written) {
    return store_failed(written.error(), lack.store);
  }
  if (*written == AccountRestored::kWritten) {
    ++accounts_;
  } else {
    parts_.say(words_of(lack) + " was written meanwhile; run the command again");
  }
  return {};
}

}  // namespace twinlog
