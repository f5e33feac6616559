#include "plugins/mongodb/erased_accounts.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/document.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {
namespace {

constexpr std::string_view kByName = "name:";
constexpr const char* kKeeper = "keeper";  // No flush calls itself so.
constexpr int kRoundsMost = 20;            // Agents write the same accounts meanwhile.

enum class Outcome : std::uint8_t { kDone, kGone, kLost };

void append_types(BsonWriter& writer, std::initializer_list<const char*> types) {
  writer.begin_document("event_type").begin_array("$in");
  std::size_t number = 0;
  for (const char* type : types) {
    writer.text(std::to_string(number++), type);
  }
  writer.end().end();
}

/// One that stands beside it is enough.
StoreResult<bool> is_any(Client& client, const char* collection, const Bson& match) {
  Bson stages;
  Bson only;
  BsonWriter(only).int32("_id", 1);
  BsonWriter writer(stages);
  writer.begin_document("0").document("$match", match).end();
  writer.begin_document("1").int32("$limit", 1).end();
  writer.begin_document("2").document("$project", only).end();
  bool is_there = false;
  auto failed = client.aggregate({.collection = collection, .stages = stages, .most_time = std::chrono::minutes{30}},
                                 [&is_there](const BsonFields&) { is_there = true; });
  return failed ? StoreResult<bool>(*std::move(failed)) : is_there;
}

/// Events with both names speak to the account of the name, too, which stands in no field: it has to be folded.
StoreResult<bool> is_fed_by_name(Client& client, const AccountKey& key) {
  Bson filter;
  BsonWriter writer(filter);
  writer.text("tenant_id", key.tenant_id);
  writer.begin_document("user_id").boolean("$exists", true).end();
  writer.begin_document("username").boolean("$exists", true).end();
  append_types(writer, {"login_success", "lockout_reset", "account_locked"});
  Bson projection;
  BsonWriter(projection).int32("username", 1);
  bool is_fed = false;
  for (const char* collection : {kRecords, kConflicts}) {
    auto failed = client.find(
        {.collection = collection, .filter = filter, .projection = projection, .expected = kScannedAtOnce},
        [&](const BsonFields& fields) {
          is_fed = is_fed || std::string(kByName) + fold_username(fields.text("username").value_or("")) == key.account;
        });
    if (failed || is_fed) {
      return failed ? StoreResult<bool>(*std::move(failed)) : is_fed;
    }
  }
  return is_fed;
}

StoreResult<bool> is_fed(Client& client, const AccountKey& key) {
  Bson match;
  BsonWriter writer(match);
  writer.text("tenant_id", key.tenant_id).text("account", key.account);
  append_types(writer, {"login_failed", "login_success", "lockout_reset", "account_locked"});
  for (const char* collection : {kRecords, kConflicts}) {
    auto found = is_any(client, collection, match);
    if (!found || *found) {
      return found;
    }
  }
  return key.account.starts_with(kByName) ? is_fed_by_name(client, key) : StoreResult<bool>(false);
}

StoreResult<std::optional<StoredAccount>> read_account(Client& client, const AccountKey& key) {
  Bson filter;
  BsonWriter(filter).text("_id", account_id(key));
  std::optional<StoredAccount> account;
  StoreStatus unreadable;
  auto failed = client.find({.collection = kAccounts, .filter = filter, .projection = Bson(), .expected = 1},
                            [&](const BsonFields& fields) {
                              auto read = account_from(fields);
                              if (!read) {
                                unreadable = unreadable_document(read.error());
                                return;
                              }
                              account = *std::move(read);
                            });
  if (failed || unreadable) {
    return failed ? *std::move(failed) : *std::move(unreadable);
  }
  return account;
}

Bson guard_of(const AccountKey& key, const StoredAccount& account) {
  Bson guard;
  BsonWriter(guard).text("_id", account_id(key)).text("tenant_id", key.tenant_id).int64("version", account.version);
  return guard;
}

StoreResult<Outcome> remove(Client& client, const AccountKey& key, const StoredAccount& account) {
  Bson command;
  BsonWriter writer(command);
  writer.text("delete", kAccounts).begin_array("deletes").begin_document("0");
  writer.document("q", guard_of(key, account)).int32("limit", 1).end().end();
  writer.begin_document("writeConcern").text("w", "majority").boolean("j", true);
  writer.int64("wtimeout", kWriteConcernTimeoutMs).end();
  auto reply = client.command(command);
  if (!reply) {
    return std::move(reply).error();
  }
  return BsonFields(*reply).number("n").value_or(0) == 1 ? Outcome::kGone : Outcome::kLost;
}

StoreResult<Outcome> replace(Client& client, const AccountKey& key, const StoredAccount& before,
                             const AccountState& state) {
  const auto document = account_document(key, {.state = state, .version = before.version + 1}, kKeeper);
  if (!document) {
    return unreadable_document(document.error());
  }
  Bulk bulk(client, kAccounts);
  bulk.replace(guard_of(key, before), *document);
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  return executed->matched == 1 ? Outcome::kDone : Outcome::kLost;
}

/// The account is read before what feeds it is looked for: who feeds it afterwards writes it, and our write is lost.
StoreResult<Outcome> clean(Client& client, const AccountKey& key,
                           const std::set<std::pair<std::string, Digest>>& versions,
                           const std::set<std::uint8_t>& fields) {
  auto account = read_account(client, key);
  if (!account) {
    return std::move(account).error();
  }
  if (!*account) {
    return Outcome::kDone;
  }
  auto fed = is_fed(client, key);
  if (!fed) {
    return std::move(fed).error();
  }
  if (!*fed) {
    return remove(client, key, **account);
  }
  AccountState state = (*account)->state;
  forget_erased(state, versions, fields);
  return state == (*account)->state ? StoreResult<Outcome>(Outcome::kDone) : replace(client, key, **account, state);
}

}  // namespace

StoreResult<std::uint64_t> clean_accounts(Client& client, const ErasedByAccount& erased,
                                          const std::set<std::uint8_t>& fields) {
  std::uint64_t gone = 0;
  for (const auto& [key, versions] : erased) {
    Outcome outcome = Outcome::kLost;
    for (int round = 0; outcome == Outcome::kLost && round < kRoundsMost; ++round) {
      auto done = clean(client, key, versions, fields);
      if (!done) {
        return std::move(done).error();
      }
      outcome = *done;
    }
    if (outcome == Outcome::kLost) {
      return StoreError{.reaction = Reaction::kRetry,
                        .code = "",
                        .constraint = "",
                        .words = "an account is written faster than it can be cleaned; run the command again"};
    }
    gone += outcome == Outcome::kGone ? 1U : 0U;
  }
  return gone;
}

}  // namespace twinlog::mongodb
