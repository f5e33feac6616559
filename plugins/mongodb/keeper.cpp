#include "plugins/api/keeper.h"

#include <algorithm>
#include <set>
#include <utility>

#include "ledger/leaf/field_table.h"
#include "plugins/api/erasure.h"
#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"
#include "plugins/mongodb/erased_accounts.h"
#include "plugins/mongodb/erasure.h"
#include "plugins/mongodb/ledger_rows.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/record_group.h"
#include "plugins/mongodb/schema.h"

namespace twinlog {
namespace mongodb {
namespace {

/// Keys are looked for by scans.
constexpr std::chrono::milliseconds kSearchOfKeys = std::chrono::minutes{30};
constexpr const char* kProbe = "twinlog/keeper/nobody";

StoreError hold(std::string words) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(words)};
}

class MongodbKeeper final : public StoreKeeper {
 public:
  explicit MongodbKeeper(StoreSettings settings) : settings_(std::move(settings)) {}

  StoreStatus connect() override;
  StoreResult<std::vector<KeptRecord>> records(std::span<const EventKey> keys) override;
  StoreResult<std::vector<EventKey>> keys_of_account(const AccountKey& account, const std::string& after,
                                                     std::size_t most) override;
  StoreResult<std::vector<EventKey>> keys_before(UtcMicros from, UtcMicros time, std::size_t most) override;
  StoreResult<ErasureReport> erase(const Erasure& erasure) override;
  StoreResult<RetentionReport> prune(std::span<const EventKey> keys) override;
  StoreStatus retire(const Uuid& epoch_id, const std::string& retirement) override;

 private:
  StoreStatus check_rights();
  StoreStatus add_keys_of_account(const char* collection, const AccountKey& account, std::set<std::string>& found);

  StoreSettings settings_;
  std::unique_ptr<Client> client_;
};

StoreStatus MongodbKeeper::connect() {
  auto connected = Client::connect(settings_, kSearchOfKeys);
  if (!connected) {
    return std::move(connected).error();
  }
  client_ = *std::move(connected);
  auto state = read_schema_state(*client_);
  if (!state) {
    return std::move(state).error();
  }
  return state->is_current()
             ? check_rights()
             : StoreStatus(hold("the document store has no twinlog schema with a ledger; run `twinlog migrate`"));
}

/// Asks for each right by using it on a document that nobody has.
StoreStatus MongodbKeeper::check_rights() {
  std::string missing;
  const auto note = [&missing](const char* right, const char* collection) {
    missing += (missing.empty() ? "" : ", ") + std::string(right) + " on " + collection;
  };
  constexpr const char* kRefused = "13";
  Bson filter;
  BsonWriter(filter).text("_id", kProbe);
  Bson change;
  BsonWriter(change).begin_document("$unset").text("salts", "").end();
  for (const char* collection : {kRecords, kConflicts, kAccounts, kLedgerLeaves, kLedgerEpochs}) {
    auto found = client_->find({.collection = collection, .filter = filter, .projection = Bson(), .expected = 1},
                               [](const BsonFields&) {});
    if (found && found->code != kRefused) {
      return found;
    }
    if (found) {
      note("find", collection);
    }
    Bulk bulk(*client_, collection);
    bulk.update(filter, change);
    if (auto updated = bulk.execute(); !updated) {
      if (updated.error().code != kRefused) {
        return std::move(updated).error();
      }
      note("update", collection);
    }
    if (collection == kLedgerEpochs) {
      continue;
    }
    if (auto deleted = delete_documents(*client_, collection, {kProbe}); !deleted) {
      if (deleted.error().code != kRefused) {
        return std::move(deleted).error();
      }
      note("remove", collection);
    }
  }
  return missing.empty() ? std::nullopt
                         : StoreStatus(hold("this login of the document store lacks " + missing +
                                            "; give it role twinlog_keeper, as stores.mongodb.keeper_uri"));
}

StoreResult<std::vector<KeptRecord>> MongodbKeeper::records(std::span<const EventKey> keys) {
  auto groups = read_groups(*client_, keys);
  if (!groups) {
    return std::move(groups).error();
  }
  std::vector<KeptRecord> found;
  for (const auto& [key, group] : *groups) {
    found.push_back(kept_record(key, group));
  }
  return found;
}

StoreStatus MongodbKeeper::add_keys_of_account(const char* collection, const AccountKey& account,
                                               std::set<std::string>& found) {
  Bson filter;
  BsonWriter writer(filter);
  writer.text("tenant_id", account.tenant_id);
  const bool is_name = account.account.starts_with("name:");
  if (is_name) {  // Events with both names speak to the account of the name, too.
    writer.begin_document("username").boolean("$exists", true).end();
  } else {
    writer.text("account", account.account);
  }
  Bson projection;
  BsonWriter(projection).int32("log_id", 1).int32("account", 1).int32("username", 1).int32("event_type", 1);
  static const std::set<std::string> speak_to_names{"login_success", "lockout_reset", "account_locked"};
  return client_->find(
      {.collection = collection, .filter = filter, .projection = projection, .expected = kScannedAtOnce},
      [&](const BsonFields& fields) {
        const bool is_by_field = fields.text("account") == account.account;
        const bool is_by_name = is_name && speak_to_names.contains(fields.text("event_type").value_or("")) &&
                                "name:" + fold_username(fields.text("username").value_or("")) == account.account;
        if (is_by_field || is_by_name) {
          found.insert(fields.text("log_id").value_or(""));
        }
      });
}

StoreResult<std::vector<EventKey>> MongodbKeeper::keys_of_account(const AccountKey& account, const std::string& after,
                                                                  std::size_t most) {
  std::set<std::string> found;
  for (const char* collection : {kRecords, kConflicts}) {
    if (auto failed = add_keys_of_account(collection, account, found)) {
      return *std::move(failed);
    }
  }
  std::vector<EventKey> keys;
  for (auto log_id = found.upper_bound(after); log_id != found.end() && keys.size() < most; ++log_id) {
    keys.push_back({account.tenant_id, *log_id});
  }
  return keys;
}

StoreResult<std::vector<EventKey>> MongodbKeeper::keys_before(UtcMicros from, UtcMicros time, std::size_t most) {
  Bson stages;
  BsonWriter writer(stages);
  writer.begin_document("0").begin_document("$match").begin_document("received_at_us");
  writer.int64("$gte", from).int64("$lt", time).end().end().end();
  writer.begin_document("1").begin_document("$sort").int32("received_at_us", 1).int32("_id", 1).end().end();
  writer.begin_document("2").int64("$limit", static_cast<std::int64_t>(most)).end();
  writer.begin_document("3").begin_document("$project").int32("tenant_id", 1).int32("log_id", 1).end().end();
  std::vector<EventKey> keys;
  auto failed = client_->aggregate(
      {.collection = kRecords, .stages = stages, .most_time = kSearchOfKeys}, [&keys](const BsonFields& fields) {
        keys.push_back({fields.text("tenant_id").value_or(""), fields.text("log_id").value_or("")});
      });
  if (failed) {
    return *std::move(failed);
  }
  return keys;
}

StoreResult<ErasureReport> MongodbKeeper::erase(const Erasure& erasure) {
  const std::set<std::uint8_t> fields = fields_to_erase(erasure.fields);
  if (fields.empty() || *fields.begin() <= kFieldOccurredAt || *fields.rbegin() > kFields) {
    return hold("tenant_id, log_id, event_type and occurred_at go with the whole record only");
  }
  auto groups = read_groups(*client_, erasure.keys);
  if (!groups) {
    return std::move(groups).error();
  }
  const ErasurePlan plan = plan_erasure(*groups, fields);
  if (auto failed = write_erasure(*client_, plan, fields)) {
    return *std::move(failed);
  }
  auto gone = clean_accounts(*client_, accounts_of_erased(*groups), fields);
  if (!gone) {
    return std::move(gone).error();
  }
  return ErasureReport{.records = plan.records.size(),
                       .conflicts = plan.conflicts.size(),
                       .further_acceptances = plan.leaves.size(),
                       .accounts = *gone};
}

/// The record goes last: as long as it is there, a repeated call finds what belongs to it.
StoreResult<RetentionReport> MongodbKeeper::prune(std::span<const EventKey> keys) {
  auto groups = read_groups(*client_, keys);
  if (!groups) {
    return std::move(groups).error();
  }
  std::vector<std::string> records;
  std::vector<std::string> conflicts;
  std::vector<std::string> leaves;
  for (const auto& [key, group] : *groups) {
    records.push_back(record_id(key));
    for (const LedgerRow& row : group.rows) {
      if (row.is_conflict) {
        conflicts.push_back(version_id(Shelf::kConflicts, row.version));
      }
    }
    for (const LedgerLeafRow& leaf : group.further) {
      leaves.push_back(leaf_id({leaf.epoch_id, leaf.leaf_index}));
    }
  }
  RetentionReport report;
  for (const auto& [collection, ids, deleted] : {std::tuple{kConflicts, &conflicts, &report.conflicts},
                                                 std::tuple{kLedgerLeaves, &leaves, &report.further_acceptances},
                                                 std::tuple{kRecords, &records, &report.records}}) {
    auto done = delete_documents(*client_, collection, *ids);
    if (!done) {
      return std::move(done).error();
    }
    *deleted = *done;
  }
  return report;
}

StoreStatus MongodbKeeper::retire(const Uuid& epoch_id, const std::string& retirement) {
  Bson open;
  BsonWriter(open).text("_id", uuid_text(epoch_id)).begin_document("retired").boolean("$exists", false).end();
  Bson change;
  BsonWriter(change).begin_document("$set").text("retired", retirement).end();
  Bulk bulk(*client_, kLedgerEpochs);
  bulk.update(open, change);
  auto executed = bulk.execute();
  return executed ? std::nullopt : StoreStatus(std::move(executed).error());
}

}  // namespace
}  // namespace mongodb

std::unique_ptr<StoreKeeper> make_mongodb_keeper(StoreSettings settings) {
  return std::make_unique<mongodb::MongodbKeeper>(std::move(settings));
}

}  // namespace twinlog
