#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "ledger/leaf/leaf.h"
#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"
#include "plugins/mongodb/ledger_rows.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/names.h"

namespace twinlog {
namespace mongodb {
namespace {

constexpr std::size_t kKeysPerRead = 1000;
constexpr std::size_t kLeafTypeAt = 4;  ///< Behind "TWL1".

class MongodbReader final : public StoreReader {
 public:
  explicit MongodbReader(StoreSettings settings) : settings_(std::move(settings)) {}

  StoreResult<std::vector<StoredVersion>> records(std::span<const EventKey> keys) override {
    return read(Shelf::kRecords, keys);
  }
  StoreResult<std::vector<StoredVersion>> conflicts(std::span<const EventKey> keys) override {
    return read(Shelf::kConflicts, keys);
  }
  StoreResult<std::optional<ShownAccount>> account(const AccountKey& key) override;
  StoreResult<std::vector<StoredLeaf>> leaves(std::span<const LeafPlace> places) override;
  StoreResult<std::vector<StoredLeaf>> prunes_of(std::span<const Uuid> epochs) override;
  StoreResult<std::vector<SeenCheckpoint>> newest_checkpoints(std::size_t most) override;

 private:
  StoreStatus read_beginnings(std::vector<SeenCheckpoint>& seen);
  StoreStatus connect();
  StoreResult<std::vector<StoredVersion>> read(Shelf shelf, std::span<const EventKey> keys);

  StoreSettings settings_;
  std::unique_ptr<Client> client_;
};

StoreStatus MongodbReader::connect() {
  if (client_) {
    return std::nullopt;
  }
  auto connected = Client::connect(settings_);
  if (!connected) {
    return std::move(connected).error();
  }
  client_ = *std::move(connected);
  return std::nullopt;
}

StoreResult<std::vector<StoredVersion>> MongodbReader::read(Shelf shelf, std::span<const EventKey> keys) {
  if (auto failed = connect()) {
    return *std::move(failed);
  }
  std::vector<StoredVersion> versions;
  StoreStatus corrupt;
  const auto keep = [&](const BsonFields& fields) {
    auto version = version_from(fields);
    if (!version) {
      corrupt = unreadable_document(version.error());
      return;
    }
    versions.push_back({.version = *std::move(version),
                        .has_conflict = fields.boolean("has_conflict").value_or(false),
                        .is_erased = is_erased(fields)});
  };
  while (!keys.empty() && !corrupt) {
    const auto some = keys.first(std::min(keys.size(), kKeysPerRead));
    keys = keys.subspan(some.size());
    std::vector<std::string> record_ids;
    for (const EventKey& key : some) {
      record_ids.push_back(record_id(key));
    }
    const Bson filter = versions_of(shelf, record_ids);
    auto failed = client_->find(
        {.collection = collection_of(shelf), .filter = filter, .projection = Bson(), .expected = some.size()}, keep);
    if (failed) {
      client_.reset();
      return *std::move(failed);
    }
  }
  if (corrupt) {
    return *std::move(corrupt);
  }
  return versions;
}

StoreResult<std::optional<ShownAccount>> MongodbReader::account(const AccountKey& key) {
  if (auto failed = connect()) {
    return *std::move(failed);
  }
  Bson filter;
  BsonWriter(filter).text("_id", account_id(key));
  std::optional<ShownAccount> account;
  StoreStatus corrupt;
  auto failed = client_->find({.collection = kAccounts, .filter = filter, .projection = Bson(), .expected = 1},
                              [&](const BsonFields& fields) {
                                auto columns = shown_account_from(fields);
                                if (!columns) {
                                  corrupt = unreadable_document(columns.error());
                                  return;
                                }
                                account = *std::move(columns);
                              });
  if (failed || corrupt) {
    client_.reset();
    return failed ? *std::move(failed) : *std::move(corrupt);
  }
  return account;
}

/// "_id" is one of these.
Bson by_ids(const std::set<std::string>& ids) {
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("_id").begin_array("$in");
  std::size_t number = 0;
  for (const std::string& id : ids) {
    writer.text(std::to_string(number++), id);
  }
  writer.end().end();
  return filter;
}

void take_leaf(const BsonFields& fields, std::vector<StoredLeaf>& found) {
  const auto epoch_id = uuid_from_text(fields.text("epoch_id").value_or(""));
  const auto index = fields.integer("leaf_index");
  if (epoch_id && index) {
    found.push_back(
        {.place = {*epoch_id, static_cast<std::uint64_t>(*index)}, .leaf = fields.binary("leaf").value_or("")});
  }
}

StoreResult<std::vector<StoredLeaf>> MongodbReader::leaves(std::span<const LeafPlace> places) {
  if (auto failed = connect()) {
    return *std::move(failed);
  }
  std::vector<StoredLeaf> found;
  while (!places.empty()) {
    const auto some = places.first(std::min(places.size(), kKeysPerRead));
    places = places.subspan(some.size());
    std::set<std::string> ids;
    for (const LeafPlace& place : some) {
      ids.insert(leaf_id(place));
    }
    const Bson filter = by_ids(ids);
    auto failed =
        client_->find({.collection = kLedgerLeaves, .filter = filter, .projection = Bson(), .expected = ids.size()},
                      [&found](const BsonFields& fields) { take_leaf(fields, found); });
    if (failed) {
      client_.reset();
      return *std::move(failed);
    }
  }
  return found;
}

/// What a leaf says cannot be asked of the server: its bytes are looked through here.
StoreResult<std::vector<StoredLeaf>> MongodbReader::prunes_of(std::span<const Uuid> epochs) {
  if (auto failed = connect()) {
    return *std::move(failed);
  }
  std::vector<StoredLeaf> found;
  const Bson all;
  auto failed = client_->find(
      {.collection = kLedgerLeaves, .filter = all, .projection = Bson(), .expected = kKeysPerRead},
      [&found, epochs](const BsonFields& fields) {
        const std::string leaf = fields.binary("leaf").value_or("");
        const bool is_prune = leaf.size() > kLeafTypeAt && leaf[kLeafTypeAt] == static_cast<char>(LeafType::kPrune);
        const bool is_wanted = is_prune && std::ranges::any_of(epochs, [&leaf](const Uuid& epoch_id) {
                                 return leaf.find(as_text(epoch_id)) != std::string::npos;
                               });
        if (is_wanted) {
          take_leaf(fields, found);
        }
      });
  if (failed) {
    client_.reset();
    return *std::move(failed);
  }
  return found;
}

StoreResult<std::vector<SeenCheckpoint>> MongodbReader::newest_checkpoints(std::size_t most) {
  if (auto failed = connect()) {
    return *std::move(failed);
  }
  std::vector<SeenCheckpoint> seen;
  if (most == 0) {
    return seen;
  }
  const Bson all;
  auto failed = client_->find(
      {.collection = kLedgerCheckpoints,
       .filter = all,
       .projection = Bson(),
       .expected = most,
       .newest_by = "accepted_at"},
      [&seen](const BsonFields& fields) {
        if (const auto epoch_id = uuid_from_text(fields.text("epoch_id").value_or(""))) {
          seen.push_back(
              {.epoch_id = *epoch_id, .note = fields.text("note").value_or(""), .open = {}, .beginning_note = {}});
        }
      });
  failed = failed || seen.empty() ? std::move(failed) : read_beginnings(seen);
  if (failed) {
    client_.reset();
    return *std::move(failed);
  }
  return seen;
}

StoreStatus MongodbReader::read_beginnings(std::vector<SeenCheckpoint>& seen) {
  std::set<std::string> ids;
  for (const SeenCheckpoint& one : seen) {
    ids.insert(uuid_text(one.epoch_id));
  }
  const Bson filter = by_ids(ids);
  return client_->find({.collection = kLedgerEpochs, .filter = filter, .projection = Bson(), .expected = ids.size()},
                       [&seen](const BsonFields& fields) {
                         const auto epoch_id = uuid_from_text(fields.text("_id").value_or(""));
                         for (SeenCheckpoint& one : seen) {
                           if (one.epoch_id == epoch_id) {
                             one.open = fields.binary("open").value_or("");
                             one.beginning_note = fields.text("note").value_or("");
                           }
                         }
                       });
}

}  // namespace
}  // namespace mongodb

std::unique_ptr<StoreReader> make_mongodb_reader(StoreSettings settings) {
  return std::make_unique<mongodb::MongodbReader>(std::move(settings));
}

}  // namespace twinlog
