#include <algorithm>
#include <utility>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"
#include "plugins/mongodb/ledger_rows.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/names.h"

namespace twinlog {
namespace mongodb {
namespace {

constexpr std::size_t kKeysPerRead = 1000;

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
  StoreResult<std::vector<SeenCheckpoint>> newest_checkpoints(std::size_t most) override;

 private:
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
                        .is_erased = fields.binary("salts").has_value()});
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

StoreResult<std::vector<StoredLeaf>> MongodbReader::leaves(std::span<const LeafPlace> places) {
  if (auto failed = connect()) {
    return *std::move(failed);
  }
  auto found = read_leaves(*client_, places);
  if (!found) {
    client_.reset();
  }
  return found;
}

StoreResult<std::vector<SeenCheckpoint>> MongodbReader::newest_checkpoints(std::size_t most) {
  if (auto failed = connect()) {
    return *std::move(failed);
  }
  auto found = read_newest_checkpoints(*client_, most);
  if (!found) {
    client_.reset();
  }
  return found;
}

}  // namespace
}  // namespace mongodb

std::unique_ptr<StoreReader> make_mongodb_reader(StoreSettings settings) {
  return std::make_unique<mongodb::MongodbReader>(std::move(settings));
}

}  // namespace twinlog
