#include "plugins/mongodb/accounts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/recount.h"

namespace twinlog::mongodb {
namespace {

using StoredAccounts = std::map<std::string, StoredAccount>;

StoreError stop(const Error& error) {
  return {.reaction = Reaction::kStop, .code = "", .constraint = "", .words = error.message()};
}

/// An account that is to be written: with the version that was read (0: there was none).
struct Changed {
  AccountKey key;
  StoredAccount account;
  bool needs_recount = false;
};

/// One round over the accounts that are still to be written.
class Round {
 public:
  Round(Client& client, const AccountWork& work) : client_(client), work_(work) {}

  /// Reads `keys`; in later rounds only what is not as this flush wrote it. Then merges, recounts and writes.
  StoreStatus run(const std::vector<AccountKey>& keys, bool is_first);
  /// What run() sent and how much of it lost a race.
  const std::vector<Changed>& sent() const { return changed_; }
  std::size_t lost() const { return lost_; }
  std::size_t found() const { return found_; }

 private:
  StoreStatus read(const std::vector<AccountKey>& keys, bool is_first, StoredAccounts& stored);
  std::optional<Changed> merged(const AccountKey& key, StoredAccount account) const;
  StoreStatus write();

  Client& client_;
  const AccountWork& work_;
  std::vector<Changed> changed_;
  std::size_t found_ = 0;
  std::size_t lost_ = 0;
};

StoreStatus Round::read(const std::vector<AccountKey>& keys, bool is_first, StoredAccounts& stored) {
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("_id").begin_array("$in");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    writer.text(std::to_string(i), account_id(keys[i]));
  }
  writer.end().end();
  if (!is_first) {
    writer.begin_document("written_by").text("$ne", work_.written_by).end();
  }
  Bson projection;
  BsonWriter(projection).int32("fold_state", 1).int32("version", 1);
  std::optional<StoreError> unreadable;
  auto failed =
      client_.find({.collection = kAccounts, .filter = filter, .projection = projection, .expected = keys.size()},
                   [&stored, &unreadable](const BsonFields& fields) {
                     auto account = account_from(fields);
                     if (!account) {
                       unreadable = stop(account.error());
                       return;
                     }
                     stored.emplace(fields.text("_id").value_or(""), *std::move(account));
                   });
  return failed ? std::move(failed) : std::move(unreadable);
}

/// The account with our versions that it has not seen yet; nothing when it has seen them all.
std::optional<Changed> Round::merged(const AccountKey& key, StoredAccount account) const {
  std::map<Uuid, AccountState::Mark>& marks = account.state.marks;
  const auto mark = marks.find(work_.epoch_id);
  const bool is_new = account.version == 0;
  const std::uint64_t applied = mark != marks.end() ? mark->second.leaf_index : is_new ? 0 : work_.delivered_leaf;
  std::vector<const Version*> fresh;
  std::uint64_t last = 0;
  std::uint64_t last_lost = 0;  // Below the mark, and yet not in the store until now.
  for (const Version* version : work_.versions.at(key)) {
    const bool is_lost = version->leaf_index <= applied && work_.inserted.contains(version);
    if (version->leaf_index > applied || is_lost) {
      fresh.push_back(version);
    }
    last = std::max(last, version->leaf_index);
    last_lost = is_lost ? version->leaf_index : last_lost;
  }
  if (fresh.empty()) {
    return std::nullopt;
  }
  const UtcMicros oldest_kept = work_.now - kMarkUnusedMost;
  std::erase_if(marks, [&](const auto& entry) { return entry.second.moved_at < oldest_kept; });
  const Recount needed = merge(account.state, fresh);
  // Above the delivered leaf everything is still to be sent, so the mark goes back and the rest counts as it comes.
  // Below it nothing will be: the mark stays, for what it covers is there.
  const bool goes_back = last_lost > work_.delivered_leaf;
  marks[work_.epoch_id] = {.leaf_index = goes_back ? last : std::max(applied, last), .moved_at = work_.now};
  return Changed{
      .key = key, .account = std::move(account), .needs_recount = needed == Recount::kNeeded || last_lost > 0};
}

StoreStatus Round::write() {
  Bulk bulk(client_, kAccounts);
  std::uint64_t replacements = 0;
  for (const bool inserting : {true, false}) {
    for (Changed& changed : changed_) {
      if ((changed.account.version == 0) != inserting) {
        continue;
      }
      Bson guard;
      BsonWriter(guard).text("_id", account_id(changed.key)).int64("version", changed.account.version);
      StoredAccount next{.state = changed.account.state, .version = changed.account.version + 1};
      const Result<Bson> document = account_document(changed.key, next, work_.written_by);
      if (!document) {
        return stop(document.error());
      }
      if (inserting) {
        bulk.insert(*document);
      } else {
        bulk.replace(guard, *document);
        ++replacements;
      }
    }
  }
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  lost_ = executed->duplicates.size() + (replacements - std::min(replacements, executed->matched));
  return std::nullopt;
}

StoreStatus Round::run(const std::vector<AccountKey>& keys, bool is_first) {
  StoredAccounts stored;
  if (auto failed = read(keys, is_first, stored)) {
    return failed;
  }
  found_ = stored.size();
  for (const AccountKey& key : keys) {
    const auto entry = stored.find(account_id(key));
    if (entry == stored.end() && !is_first) {
      continue;  // As this flush wrote it.
    }
    auto changed = merged(key, entry == stored.end() ? StoredAccount{} : std::move(entry->second));
    if (changed) {
      changed_.push_back(*std::move(changed));
    }
  }
  TWINLOG_KILL_POINT("mongodb.accounts_merged");
  std::vector<Recounted> recounted;
  for (Changed& changed : changed_) {
    if (changed.needs_recount) {
      recounted.push_back({.key = changed.key, .state = &changed.account.state});
    }
  }
  if (auto failed = recount(client_, recounted)) {
    return failed;
  }
  return write();
}

StoreError too_contended() {
  return {.reaction = Reaction::kRetry,
          .code = "",
          .constraint = "",
          .words = "other agents kept writing the same accounts; the agent repeats by itself"};
}

}  // namespace

StoreResult<AccountReport> apply_to_accounts(Client& client, const AccountWork& work) {
  AccountReport report;
  std::vector<AccountKey> keys;
  for (const auto& [key, versions] : work.versions) {
    keys.push_back(key);
  }
  std::size_t lost_before = 0;
  for (unsigned number = 0; !keys.empty(); ++number) {
    if (number == kAccountRoundsMost) {
      return too_contended();
    }
    Round round(client, work);
    if (auto failed = round.run(keys, number == 0)) {
      return std::move(*failed);
    }
    if (number > 0 && round.found() < lost_before) {
      return too_contended();  // Accounts were deleted meanwhile; the next flush starts from what is there.
    }
    report.written += round.sent().size() - round.lost();
    keys.clear();
    for (const Changed& changed : round.sent()) {
      report.recounts += changed.needs_recount ? 1 : 0;
      if (round.lost() > 0) {
        TWINLOG_KILL_POINT("mongodb.race_lost");
        keys.push_back(changed.key);
      }
    }
    lost_before = round.lost();
  }
  return report;
}

}  // namespace twinlog::mongodb
