#include "plugins/api/proof_reader.h"

#include <array>
#include <utility>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/ledger_document.h"
#include "plugins/mongodb/ledger_rows.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/schema.h"

namespace twinlog {
namespace mongodb {
namespace {

constexpr std::chrono::milliseconds kLongestAnswer = std::chrono::minutes{1};

/// All documents of the epoch, by the beginning of their _id: "0" is the character after "/".
void write_epoch(BsonWriter& writer, const Uuid& epoch_id) {
  const std::string epoch = uuid_text(epoch_id);
  writer.begin_document("_id").text("$gte", epoch + "/").text("$lt", epoch + "0").end();
}

class MongodbProofReader final : public ProofReader {
 public:
  explicit MongodbProofReader(StoreSettings settings) : settings_(std::move(settings)) {}

  StoreStatus open() override;
  StoreResult<std::vector<LedgerRow>> versions(const EventKey& key) override;
  StoreResult<std::optional<LedgerEpochRow>> epoch(const Uuid& epoch_id) override;
  StoreResult<std::vector<LedgerCheckpointRow>> checkpoints(const LeafPlace& leaf, std::size_t most) override;
  StoreStatus tiles(const Uuid& epoch_id, std::uint64_t size, const RowSink<LedgerTileRow>& sink) override;

 private:
  StoreStatus scan(const Client::Range& range, const std::function<Status(const BsonFields&)>& each) {
    auto failed = client_ ? std::nullopt : open();
    return failed ? std::move(failed) : client_->scan(range, each);
  }

  StoreSettings settings_;
  std::unique_ptr<Client> client_;
};

StoreStatus MongodbProofReader::open() {
  auto connected = Client::connect(settings_, kLongestAnswer);
  if (!connected) {
    return std::move(connected).error();
  }
  auto state = read_schema_state(**connected);
  if (!state) {
    return std::move(state).error();
  }
  if (!state->is_current()) {
    return StoreError{.reaction = Reaction::kHold,
                      .code = "",
                      .constraint = "",
                      .words = "the document store has no twinlog schema with a ledger; run `twinlog migrate`"};
  }
  client_ = *std::move(connected);
  return std::nullopt;
}

StoreResult<std::vector<LedgerRow>> MongodbProofReader::versions(const EventKey& key) {
  const std::array ids = {record_id(key)};
  std::vector<LedgerRow> found;
  for (const Shelf shelf : {Shelf::kRecords, Shelf::kConflicts}) {
    const Bson filter = versions_of(shelf, ids);
    auto failed = scan({.collection = collection_of(shelf),
                        .filter = filter,
                        .ascending_by = "_id",
                        .most = kMostVersionsRead - std::min(found.size(), kMostVersionsRead - 1)},
                       [&](const BsonFields& fields) {
                         found.push_back(read_version_document(shelf, fields));
                         return Status();
                       });
    if (failed) {
      return *std::move(failed);
    }
  }
  return found;
}

StoreResult<std::optional<LedgerEpochRow>> MongodbProofReader::epoch(const Uuid& epoch_id) {
  Bson filter;
  BsonWriter(filter).text("_id", uuid_text(epoch_id));
  std::optional<LedgerEpochRow> found;
  auto failed = scan({.collection = kLedgerEpochs, .filter = filter, .ascending_by = "_id", .most = 1},
                     [&found](const BsonFields& fields) {
                       found = read_epoch_document(fields).row;
                       return Status();
                     });
  if (failed) {
    return *std::move(failed);
  }
  return found;
}

StoreResult<std::vector<LedgerCheckpointRow>> MongodbProofReader::checkpoints(const LeafPlace& leaf, std::size_t most) {
  Bson filter;
  BsonWriter writer(filter);
  write_epoch(writer, leaf.epoch_id);
  writer.begin_document("size").int64("$gt", static_cast<std::int64_t>(leaf.index)).end();
  std::vector<LedgerCheckpointRow> found;
  auto failed = scan({.collection = kLedgerCheckpoints, .filter = filter, .ascending_by = "size", .most = most},
                     [&found](const BsonFields& fields) {
                       if (auto row = read_checkpoint_document(fields).row) {
                         found.push_back(*std::move(row));
                       }
                       return Status();
                     });
  if (failed) {
    return *std::move(failed);
  }
  return found;
}

StoreStatus MongodbProofReader::tiles(const Uuid& epoch_id, std::uint64_t size, const RowSink<LedgerTileRow>& sink) {
  Bson filter;
  BsonWriter writer(filter);
  write_epoch(writer, epoch_id);
  writer.begin_document("first_index").int64("$lt", static_cast<std::int64_t>(size)).end();
  return scan({.collection = kLedgerTiles, .filter = filter, .ascending_by = "first_index"},
              [&sink](const BsonFields& fields) -> Status {
                auto row = read_tile_document(fields).row;
                return row ? sink(*std::move(row)) : Status();
              });
}

}  // namespace
}  // namespace mongodb

std::unique_ptr<ProofReader> make_mongodb_proof_reader(StoreSettings settings) {
  return std::make_unique<mongodb::MongodbProofReader>(std::move(settings));
}

}  // namespace twinlog
