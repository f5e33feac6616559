#include "plugins/api/mender.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"
#include "plugins/mongodb/ledger_document.h"
#include "plugins/mongodb/ledger_rows.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/position.h"
#include "plugins/mongodb/schema.h"
#include "plugins/mongodb/versions.h"
#include "plugins/mongodb/written_batch.h"

namespace twinlog {
namespace mongodb {
namespace {

constexpr const char* kMender = "reconcile";  // No flush calls itself so.

StoreError hold(std::string words) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(words)};
}

std::vector<std::string> record_ids(std::span<const EventKey> keys) {
  std::set<std::string> ids;
  for (const EventKey& key : keys) {
    ids.insert(record_id(key));
  }
  return {ids.begin(), ids.end()};
}

/// An account's document as far as compare-and-set needs it, readable or not.
struct HeldAccount {
  std::int64_t version = 0;
  std::string fold_state;
};

class MongodbMender final : public StoreMender {
 public:
  explicit MongodbMender(StoreSettings settings) : settings_(std::move(settings)) {}

  StoreStatus connect() override;
  StoreResult<std::vector<LedgerRow>> versions(std::span<const EventKey> keys) override;
  StoreResult<std::vector<LedgerLeafRow>> leaves(std::span<const LeafPlace> places) override;
  StoreResult<std::optional<std::string>> account_state(const AccountKey& key) override;
  StoreStatus restore(const Restoration& restoration) override;
  StoreResult<AccountRestored> write_account(const AccountRestoration& wanted) override;

 private:
  StoreStatus mark_records(std::span<const Version> versions);
  StoreResult<std::optional<HeldAccount>> read_account(const AccountKey& key);
  StoreResult<AccountState> with_marks(const AccountRestoration& wanted);

  StoreSettings settings_;
  std::unique_ptr<Client> client_;
};

StoreStatus MongodbMender::connect() {
  auto connected = Client::connect(settings_);
  if (!connected) {
    return std::move(connected).error();
  }
  client_ = *std::move(connected);
  auto state = read_schema_state(*client_);
  if (!state) {
    return std::move(state).error();
  }
  return state->is_current()
             ? std::nullopt
             : StoreStatus(hold("the document store has no twinlog schema with a ledger; run `twinlog migrate`"));
}

StoreResult<std::vector<LedgerRow>> MongodbMender::versions(std::span<const EventKey> keys) {
  const std::vector<std::string> ids = record_ids(keys);
  std::vector<LedgerRow> found;
  for (const Shelf shelf : {Shelf::kRecords, Shelf::kConflicts}) {
    const Bson filter = versions_of(shelf, ids);
    auto failed = client_->find(
        {.collection = collection_of(shelf), .filter = filter, .projection = Bson(), .expected = ids.size()},
        [&](const BsonFields& fields) {
          found.push_back(read_version_document(shelf, fields));
          found.back().is_conflict = shelf == Shelf::kConflicts;
        });
    if (failed) {
      return *std::move(failed);
    }
  }
  return found;
}

StoreResult<std::vector<LedgerLeafRow>> MongodbMender::leaves(std::span<const LeafPlace> places) {
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("_id").begin_array("$in");
  std::size_t number = 0;
  for (const LeafPlace& place : places) {
    writer.text(std::to_string(number++), leaf_id(place));
  }
  writer.end().end();
  std::vector<LedgerLeafRow> found;
  auto failed =
      client_->find({.collection = kLedgerLeaves, .filter = filter, .projection = Bson(), .expected = places.size()},
                    [&](const BsonFields& fields) {
                      if (auto read = read_leaf_document(fields); read.row) {
                        found.push_back(*std::move(read.row));
                      }
                    });
  if (failed) {
    return *std::move(failed);
  }
  return found;
}

/// In the order of a flush: what is signed comes after what it covers.
StoreStatus MongodbMender::restore(const Restoration& restoration) {
  // As letters: what is refused is told one by one.
  const FlushBatch batch{
      .epoch_id = restoration.epoch_id, .versions = restoration.versions, .position = {}, .is_replay = true};
  FlushReport report;
  OurVersions ours;
  if (!restoration.versions.empty()) {
    if (auto failed = write_batch(*client_, batch, report, ours)) {
      return failed;
    }
    if (auto failed = mark_records(restoration.versions)) {
      return at(StoreStage::kConflicts, std::move(failed));
    }
  }
  const LedgerPart& part = restoration.ledger;
  if (auto failed = write_leaves(*client_, restoration.epoch_id, part.own_leaves, ours.further)) {
    return at(StoreStage::kLedger, std::move(failed));
  }
  if (auto failed = write_tiles(*client_, restoration.epoch_id, part.tiles)) {
    return at(StoreStage::kLedger, std::move(failed));
  }
  if (auto failed = write_epoch_and_checkpoints(*client_, restoration.epoch_id, part)) {
    return at(StoreStage::kLedger, std::move(failed));
  }
  return report.refused.empty() ? std::nullopt : StoreStatus(report.refused.front().error);
}

/// Records that come back to conflicts that stayed.
StoreStatus MongodbMender::mark_records(std::span<const Version> versions) {
  std::map<EventKey, const Version*> by_key;
  std::vector<EventKey> keys;
  for (const Version& version : versions) {
    keys.push_back({version.event.tenant_id, version.event.log_id});
    by_key.emplace(keys.back(), &version);
  }
  const Bson filter = versions_of(Shelf::kConflicts, record_ids(keys));
  Bson projection;
  BsonWriter(projection).int32("tenant_id", 1).int32("log_id", 1);
  std::set<const Version*> beside;
  auto failed = client_->find(
      {.collection = kConflicts, .filter = filter, .projection = projection, .expected = keys.size()},
      [&](const BsonFields& fields) {
        const auto found = by_key.find({fields.text("tenant_id").value_or(""), fields.text("log_id").value_or("")});
        if (found != by_key.end()) {
          beside.insert(found->second);
        }
      });
  if (failed || beside.empty()) {
    return failed;
  }
  const std::vector<const Version*> marked(beside.begin(), beside.end());
  auto unmarked = mark_conflicts(*client_, {marked, false});
  return unmarked ? std::nullopt : StoreStatus(std::move(unmarked).error());
}

StoreResult<std::optional<HeldAccount>> MongodbMender::read_account(const AccountKey& key) {
  Bson filter;
  BsonWriter(filter).text("_id", account_id(key));
  std::optional<HeldAccount> account;
  auto failed = client_->find(
      {.collection = kAccounts, .filter = filter, .projection = Bson(), .expected = 1}, [&](const BsonFields& fields) {
        account = HeldAccount{fields.integer("version").value_or(0), read_account_document(fields).state};
      });
  if (failed) {
    return *std::move(failed);
  }
  return account;
}

StoreResult<std::optional<std::string>> MongodbMender::account_state(const AccountKey& key) {
  auto account = read_account(key);
  if (!account) {
    return std::move(account).error();
  }
  return *account ? std::optional((*account)->fold_state) : std::nullopt;
}

/// Those that the account holds stay, as far as they can be read: of epochs that still write they are true. Those that
/// the lines of their epochs make redundant are left out.
StoreResult<AccountState> MongodbMender::with_marks(const AccountRestoration& wanted) {
  AccountState state = wanted.state;
  std::set<Uuid> epochs;
  for (const auto& [epoch_id, mark] : state.marks) {
    epochs.insert(epoch_id);
  }
  auto lines = read_lines(*client_, epochs);
  if (!lines) {
    return std::move(lines).error();
  }
  drop_redundant_marks(state, Uuid{}, [&](const Uuid& epoch_id) { return (*lines)[epoch_id].leaves.applied(); });
  if (const auto held = decode_account_state(wanted.held.value_or("")); wanted.held && held) {
    for (const auto& [epoch_id, mark] : held->marks) {
      AccountState::Mark& ours = state.marks[epoch_id];
      ours.leaf_index = std::max(ours.leaf_index, mark.leaf_index);
      ours.moved_at = std::max(ours.moved_at, mark.moved_at);
    }
  }
  return state;
}

StoreResult<AccountRestored> MongodbMender::write_account(const AccountRestoration& wanted) {
  auto held = read_account(wanted.key);
  if (!held) {
    return std::move(held).error();
  }
  const std::optional<HeldAccount>& account = *held;
  if (account.has_value() != wanted.held.has_value() || (account && account->fold_state != *wanted.held)) {
    return AccountRestored::kChangedMeanwhile;
  }
  auto state = with_marks(wanted);
  if (!state) {
    return std::move(state).error();
  }
  const std::int64_t version = account ? account->version : 0;
  const auto document = account_document(wanted.key, {.state = *state, .version = version + 1}, kMender);
  if (!document) {
    return unreadable_document(document.error());
  }
  Bulk bulk(*client_, kAccounts);
  if (account) {
    Bson guard;
    BsonWriter(guard)
        .text("_id", account_id(wanted.key))
        .text("tenant_id", wanted.key.tenant_id)
        .int64("version", version);
    bulk.replace(guard, *document);
  } else {
    bulk.insert(*document);
  }
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  const bool is_written = account ? executed->matched == 1 : executed->duplicates.empty();
  return is_written ? AccountRestored::kWritten : AccountRestored::kChangedMeanwhile;
}

}  // namespace
}  // namespace mongodb

std::unique_ptr<StoreMender> make_mongodb_mender(StoreSettings settings) {
  return std::make_unique<mongodb::MongodbMender>(std::move(settings));
}

}  // namespace twinlog
