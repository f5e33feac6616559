#include "plugins/api/ledger_reader.h"

#include <utility>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/ledger_document.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/schema.h"

namespace twinlog {
namespace mongodb {
namespace {

constexpr std::chrono::milliseconds kNextDocuments = std::chrono::minutes{5};  // Every page may come from a slow disk.

StoreError hold(std::string words) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(words)};
}

class MongodbLedgerReader final : public LedgerReader {
 public:
  explicit MongodbLedgerReader(StoreSettings settings) : settings_(std::move(settings)) {}

  StoreStatus open() override;
  StoreResult<LedgerSizes> sizes() override;

  StoreStatus checkpoints(const RowSink<LedgerCheckpointRow>& sink) override {
    return read<LedgerCheckpointRow>(kLedgerCheckpoints, read_checkpoint_document, sink);
  }
  StoreStatus epochs(const RowSink<LedgerEpochRow>& sink) override {
    return read<LedgerEpochRow>(kLedgerEpochs, read_epoch_document, sink);
  }
  StoreStatus tiles(const RowSink<LedgerTileRow>& sink) override {
    return read<LedgerTileRow>(kLedgerTiles, read_tile_document, sink);
  }
  StoreStatus leaves(const RowSink<LedgerLeafRow>& sink) override {
    return read<LedgerLeafRow>(kLedgerLeaves, read_leaf_document, sink);
  }
  StoreStatus accounts(const RowSink<LedgerAccountRow>& sink) override {
    return scan(kAccounts, [&sink](const BsonFields& fields) { return sink(read_account_document(fields)); });
  }
  StoreStatus rows(const RowSink<LedgerRow>& sink) override {
    for (const Shelf shelf : {Shelf::kRecords, Shelf::kConflicts}) {
      auto failed = scan(collection_of(shelf), [&sink, shelf](const BsonFields& fields) {
        return sink(read_version_document(shelf, fields));
      });
      if (failed) {
        return failed;
      }
    }
    return std::nullopt;
  }
  void tell_broken(RowSink<BrokenRow> sink) override { broken_ = std::move(sink); }

 private:
  StoreStatus look_at_collections();
  StoreStatus scan(const char* collection, const std::function<Status(const BsonFields&)>& each) {
    auto failed = client_ ? std::nullopt : open();
    return failed ? std::move(failed) : client_->scan(collection, each);
  }

  template <typename Row>
  StoreStatus read(const char* collection, ReadDocument<Row> (*reading)(const BsonFields&), const RowSink<Row>& sink) {
    return scan(collection, [&](const BsonFields& fields) -> Status {
      ReadDocument<Row> read = reading(fields);
      if (!read.words.empty() && broken_) {
        Status told = broken_({collection, std::move(read.key), std::move(read.words)});
        if (!told) {
          return told;
        }
      }
      return read.row ? sink(*std::move(read.row)) : Status();
    });
  }

  StoreSettings settings_;
  std::unique_ptr<Client> client_;
  RowSink<BrokenRow> broken_;
};

StoreStatus MongodbLedgerReader::open() {
  auto connected = Client::connect(settings_, kNextDocuments);
  if (!connected) {
    return std::move(connected).error();
  }
  client_ = *std::move(connected);
  auto state = read_schema_state(*client_);
  auto failed = state ? look_at_collections() : StoreStatus(state.error());
  if (!failed && !state->is_current()) {
    failed = hold("the document store has no twinlog schema with a ledger; run `twinlog migrate`");
  }
  if (failed) {
    client_.reset();
  }
  return failed;
}

/// A view shows what somebody else decides.
StoreStatus MongodbLedgerReader::look_at_collections() {
  std::string views;
  for (const char* name :
       {kRecords, kConflicts, kAccounts, kLedgerEpochs, kLedgerTiles, kLedgerLeaves, kLedgerCheckpoints}) {
    auto is_view = client_->is_view(name);
    if (!is_view) {
      return std::move(is_view).error();
    }
    if (*is_view) {
      views += std::string(views.empty() ? "" : ", ") + name;
    }
  }
  return views.empty()
             ? std::nullopt
             : StoreStatus(hold("in the place of collections of the document store there are views: " + views +
                                "; what is verified must be the data itself"));
}

StoreResult<LedgerSizes> MongodbLedgerReader::sizes() {
  if (auto failed = client_ ? std::nullopt : open()) {
    return *std::move(failed);
  }
  LedgerSizes sizes;
  for (const auto& [name, size] : {std::pair{kRecords, &sizes.records}, std::pair{kLedgerLeaves, &sizes.leaves},
                                   std::pair{kLedgerTiles, &sizes.tiles}}) {
    Bson command;
    BsonWriter(command).text("count", name);
    auto counted = client_->command(command);
    if (!counted) {
      return std::move(counted).error();
    }
    *size = static_cast<std::uint64_t>(BsonFields(*counted).number("n").value_or(0));
  }
  return sizes;
}

}  // namespace
}  // namespace mongodb

std::unique_ptr<LedgerReader> make_mongodb_ledger_reader(StoreSettings settings) {
  return std::make_unique<mongodb::MongodbLedgerReader>(std::move(settings));
}

}  // namespace twinlog
