// The part of Mending that makes accounts again.
#include <utility>

#include "ledger/verify/mending.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostOfBatch = 200;

}  // namespace

Status Mending::rebuild_accounts() {
  SortedReader reader({&parts_.found.accounts()});
  std::vector<AccountLack> accounts;
  while (const std::string_view* record = reader.next()) {
    AccountLack lack = read_account_lack(*record);
    const std::string who = std::string(side_text(lack.store)) + ": an account of tenant " + lack.tenant_id;
    if (lack.tenant_id.empty()) {
      parts_.say(std::string(side_text(lack.store)) + ": an account row that no event speaks to; it is left as it is");
      continue;
    }
    if (lack.state.empty()) {
      parts_.say(who + " (of event " + lack.log_id +
                 ") is not what its events come to, and what that is cannot be told for sure: events are on their "
                 "way, or were pruned or erased");
      continue;
    }
    const bool is_full = accounts.size() == kMostOfBatch || (!accounts.empty() && accounts.front().store != lack.store);
    if (is_full) {
      if (Status done = rebuild(accounts); !done) {
        return done;
      }
      accounts.clear();
    }
    accounts.push_back(std::move(lack));
  }
  if (Status done = accounts.empty() ? Status() : rebuild(accounts); !done) {
    return done;
  }
  return reader.status();
}

Status Mending::rebuild(const std::vector<AccountLack>& accounts) {
  std::vector<EventKey> keys;
  for (const AccountLack& lack : accounts) {
    keys.push_back({lack.tenant_id, lack.log_id});
  }
  const StoreSide side = accounts.front().store;
  const auto rows = store(side).versions(keys);
  if (!rows) {
    return store_failed(rows.error(), side);
  }
  for (const AccountLack& lack : accounts) {
    if (Status done = rebuild(lack, *rows); !done) {
      return done;
    }
  }
  return {};
}

/// The account's name stands in the events that speak to it.
Status Mending::rebuild(const AccountLack& lack, const std::vector<LedgerRow>& rows) {
  Result<AccountState> state = decode_account_state(lack.state);
  if (!state) {
    return state.error();
  }
  for (const LedgerRow& row : rows) {
    for (std::string& account : accounts_of(row.version.event)) {
      if (pair_digest(row.version.event.tenant_id, account) != lack.account_digest) {
        continue;
      }
      const AccountRestoration wanted{{row.version.event.tenant_id, account},
                                      lack.is_held ? std::optional(lack.held) : std::nullopt,
                                      std::move(*state)};
      const auto written = store(lack.store).write_account(wanted);
      if (!written) {
        return store_failed(written.error(), lack.store);
      }
      if (*written == AccountRestored::kWritten) {
        ++accounts_;
      } else {
        parts_.say(std::string(side_text(lack.store)) + ": account " + account + " of tenant " + lack.tenant_id +
                   " was written meanwhile; run the command again");
      }
      return {};
    }
  }
  parts_.say(std::string(side_text(lack.store)) + ": an account of tenant " + lack.tenant_id + " (of event " +
             lack.log_id + ") changed while it was read; run the command again");
  return {};
}

}  // namespace twinlog
