#include "plugins/mongodb/accounts.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/foreign_index.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/recount.h"

namespace twinlog::mongodb {
namespace {

constexpr unsigned kMostDoublings = 10;
using StoredAccounts = std::map<std::string, StoredAccount>;

StoreError too_late() {
  return {.reaction = Reaction::kRetrySmaller,
          .code = "",
          .constraint = "",
          .words = "a flush took minutes; the agent begins it anew by itself, check the server's load"};
}

/// An account that is to be written: with the version that was read (0: there was none).
struct Changed {
  AccountKey key;
  StoredAccount account;
  bool needs_recount = false;
  bool was_counted = false;
};

/// Where the collection is sharded by tenant, only those of these are asked.
void append_tenants(BsonWriter& writer, const std::vector<AccountKey>& keys) {
  std::set<std::string_view> tenants;
  for (const AccountKey& key : keys) {
    tenants.insert(key.tenant_id);
  }
  writer.begin_document("tenant_id").begin_array("$in");
  std::size_t number = 0;
  for (const std::string_view tenant_id : tenants) {
    writer.text(std::to_string(number++), tenant_id);
  }
  writer.end().end();
}

using FirstMarks = std::map<AccountKey, std::uint64_t>;

std::uint64_t mark_of(const AccountState& state, const Uuid& epoch_id) {
  const auto found = state.marks.find(epoch_id);
  return found == state.marks.end() ? 0 : found->second.leaf_index;
}

/// One round over the accounts that are still to be written.
class Round {
 public:
  /// `first_marks`: how far our epoch was applied where this flush read an account first.
  Round(Client& client, const AccountWork& work, AccountMemory& memory, FirstMarks& first_marks)
      : client_(client), work_(work), memory_(memory), first_marks_(first_marks) {}

  /// Reads `keys`; in later rounds only what is not as this flush wrote it. Then merges, recounts and writes.
  StoreStatus run(const std::vector<AccountKey>& keys, bool is_first, RecountTime& recount_time);
  /// What run() sent and how much of it lost a race.
  const std::vector<Changed>& sent() const { return changed_; }
  std::size_t lost() const { return lost_; }
  /// A replacement was refused as a duplicate: no race does that.
  bool is_refused() const { return is_refused_; }
  std::size_t found() const { return found_; }

 private:
  StoreStatus read(const std::vector<AccountKey>& keys, bool is_first, StoredAccounts& stored);
  StoreStatus look_for_adopters(const StoredAccounts& stored);
  std::optional<Changed> merged(const AccountKey& key, StoredAccount account);
  StoreStatus drop_marks();
  StoreStatus write();

  Client& client_;
  const AccountWork& work_;
  AccountMemory& memory_;
  FirstMarks& first_marks_;
  std::vector<Changed> changed_;
  std::size_t found_ = 0;
  std::size_t lost_ = 0;
  bool is_refused_ = false;
  bool is_adopted_ = false;  ///< Somebody took our epoch for one whose owner is gone.
};

StoreStatus Round::read(const std::vector<AccountKey>& keys, bool is_first, StoredAccounts& stored) {
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("_id").begin_array("$in");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    writer.text(std::to_string(i), account_id(keys[i]));
  }
  writer.end().end();
  append_tenants(writer, keys);
  if (!is_first) {
    writer.begin_document("written_by").text("$ne", work_.written_by).end();
  }
  Bson projection;
  BsonWriter(projection).int32("fold_state", 1).int32("version", 1);
  std::optional<StoreError> unreadable;
  auto failed = client_.find({.collection = kAccounts,
                              .filter = filter,
                              .projection = projection,
                              .expected = keys.size(),
                              .read = work_.read},
                             [&stored, &unreadable](const BsonFields& fields) {
                               auto account = account_from(fields);
                               if (!account) {
                                 unreadable = unreadable_document(account.error());
                                 return;
                               }
                               stored.emplace(fields.text("_id").value_or(""), *std::move(account));
                             });
  return failed ? std::move(failed) : std::move(unreadable);
}

/// Read after the accounts: an adopter writes into the line before it writes an account.
StoreStatus Round::look_for_adopters(const StoredAccounts& stored) {
  const bool has_moved = std::ranges::any_of(first_marks_, [&](const auto& first) {
    const auto found = stored.find(account_id(first.first));
    return found != stored.end() && mark_of(found->second.state, work_.writer.epoch_id) > first.second;
  });
  if (!has_moved) {
    return std::nullopt;
  }
  const auto line = read_line(client_, work_.writer.epoch_id);
  if (!line) {
    return line.error();
  }
  is_adopted_ = std::max(line->leaves.adopting, line->leaves.adopted) > work_.writer.line.adopting;
  return std::nullopt;
}

/// The account with our versions that it has not seen yet; nothing when it has seen them all.
std::optional<Changed> Round::merged(const AccountKey& key, StoredAccount account) {
  // An earlier round wrote it where our mark has moved since: others wrote over that, and it is no row that was lost.
  // Unless it was an adopter that moved it, who may not have seen all that was inserted.
  const std::uint64_t mark = mark_of(account.state, work_.writer.epoch_id);
  const bool is_written = mark > first_marks_.try_emplace(key, mark).first->second && !is_adopted_;
  std::vector<OwnVersion> versions;
  for (const Version* version : work_.versions.at(key)) {
    versions.push_back({.version = version, .is_inserted_now = !is_written && work_.inserted.contains(version)});
  }
  MarkedWriter writer = work_.writer;
  writer.is_counted = memory_.counted.is_counted(key, account.version);
  const MarkedMerge done = merge_marked(account.state, account.version > 0, versions, writer);
  if (done == MarkedMerge::kNothing) {
    return std::nullopt;
  }
  return Changed{.key = key,
                 .account = std::move(account),
                 .needs_recount = done == MarkedMerge::kRecount,
                 .was_counted = writer.is_counted};
}

/// Looks up only what an account holds too many of and nothing is known of yet: where many agents write the same
/// accounts, one small read a flush.
StoreStatus Round::drop_marks() {
  std::set<Uuid> unknown;
  for (const Changed& changed : changed_) {
    const auto& marks = changed.account.state.marks;
    if (marks.size() <= kMarksBeforeLookup) {
      continue;
    }
    for (const auto& [epoch_id, mark] : marks) {
      if (epoch_id != work_.writer.epoch_id && memory_.applied.of(epoch_id) < mark.leaf_index) {
        unknown.insert(epoch_id);
      }
    }
  }
  if (!unknown.empty()) {
    auto lines = read_lines(client_, unknown);
    if (!lines) {
      return std::move(lines).error();
    }
    memory_.applied.note(*lines);
  }
  for (Changed& changed : changed_) {
    drop_redundant_marks(changed.account.state, work_.writer.epoch_id,
                         [this](const Uuid& epoch_id) { return memory_.applied.of(epoch_id); });
  }
  return std::nullopt;
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
      BsonWriter(guard)
          .text("_id", account_id(changed.key))
          .text("tenant_id", changed.key.tenant_id)
          .int64("version", changed.account.version);
      StoredAccount next{.state = changed.account.state, .version = changed.account.version + 1};
      const Result<Bson> document = account_document(changed.key, next, work_.written_by);
      if (!document) {
        return unreadable_document(document.error());
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
  const std::size_t insertions = changed_.size() - replacements;
  is_refused_ = !executed->duplicates.empty() && executed->duplicates.back() >= insertions;
  lost_ = executed->duplicates.size() + (replacements - std::min(replacements, executed->matched));
  for (const Changed& changed : changed_) {
    if (lost_ == 0 && (changed.needs_recount || changed.was_counted)) {
      memory_.counted.note(changed.key, changed.account.version + 1);
    }
  }
  return std::nullopt;
}

StoreStatus Round::run(const std::vector<AccountKey>& keys, bool is_first, RecountTime& recount_time) {
  StoredAccounts stored;
  if (auto failed = read(keys, is_first, stored)) {
    return failed;
  }
  found_ = stored.size();
  if (auto failed = look_for_adopters(stored)) {
    return failed;
  }
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
  if (auto failed = recount(client_, recounted, recount_time)) {
    return failed;
  }
  if (auto failed = drop_marks()) {
    return failed;
  }
  if (work_.is_too_late()) {
    return too_late();
  }
  return write();
}

/// Accounts that are lost and that nobody else can have taken.
StoreError lost_to_nobody(Client& client) {
  if (auto index = refused_by_foreign_index(client, kAccounts)) {
    return *std::move(index);
  }
  return {.reaction = Reaction::kRetry,
          .code = "",
          .constraint = "",
          .words = "other agents kept writing the same accounts; the agent repeats by itself"};
}

}  // namespace

std::uint64_t AppliedEpochs::of(const Uuid& epoch_id) const {
  const auto found = applied_.find(epoch_id);
  return found == applied_.end() ? 0 : found->second;
}

void AppliedEpochs::note(const std::map<Uuid, AgentLine>& lines) {
  if (applied_.size() + lines.size() > kMost) {
    applied_.clear();
  }
  for (const auto& [epoch_id, line] : lines) {
    std::uint64_t& applied = applied_[epoch_id];
    applied = std::max(applied, line.leaves.applied());
  }
}

StoreResult<AccountReport> apply_to_accounts(Client& client, const AccountWork& work, AccountMemory& memory,
                                             RecountTime& recount_time) {
  AccountReport report;
  FirstMarks first_marks;
  std::vector<AccountKey> keys;
  for (const auto& [key, versions] : work.versions) {
    keys.push_back(key);
  }
  std::size_t lost_before = 0;
  for (unsigned number = 0; !keys.empty(); ++number) {
    if (number == kAccountRoundsMost) {
      return lost_to_nobody(client);
    }
    if (number > 0) {
      work.pause(std::min(kMostPause, kFirstPause * (1U << std::min(number - 1, kMostDoublings))));
    }
    Round round(client, work, memory, first_marks);
    if (auto failed = round.run(keys, number == 0, recount_time)) {
      return std::move(*failed);
    }
    // Accounts that were deleted meanwhile: the next flush starts from what is there.
    if (round.is_refused() || (number > 0 && round.found() < lost_before)) {
      return lost_to_nobody(client);
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
