#include "plugins/mongodb/versions.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/error_table.h"

namespace twinlog::mongodb {
namespace {

/// What is stored under a key: the content's hash and the acceptance.
struct StoredCopy {
  Digest content_hash{};
  Uuid epoch_id{};
  std::uint64_t leaf_index = 0;
  bool inserted_now = false;
};
using StoredCopies = std::map<std::string, StoredCopy>;

Place place_of(const Version& version, const StoredCopy& copy) {
  if (version.content_hash != copy.content_hash) {
    return Place::kOther;
  }
  if (version.epoch_id != copy.epoch_id || version.leaf_index != copy.leaf_index) {
    return Place::kRepeated;
  }
  return copy.inserted_now ? Place::kInserted : Place::kThere;
}

void note_copy(const BsonFields& fields, StoredCopies& copies) {
  const auto id = fields.text("_id");
  const auto hash = array_from<32>(fields.binary("content_hash").value_or(""));
  const auto epoch_id = uuid_from_text(fields.text("epoch_id").value_or(""));
  const auto leaf_index = fields.integer("leaf_index");
  if (id && hash && epoch_id && leaf_index) {
    copies[*id] = {.content_hash = *hash,
                   .epoch_id = *epoch_id,
                   .leaf_index = static_cast<std::uint64_t>(*leaf_index),
                   .inserted_now = false};
  }
}

StoreStatus read_copies(Client& client, Shelf shelf, const std::vector<std::string>& ids, StoredCopies& copies) {
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("_id").begin_array("$in");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    writer.text(std::to_string(i), ids[i]);
  }
  writer.end().end();
  Bson projection;
  BsonWriter(projection).int32("content_hash", 1).int32("epoch_id", 1).int32("leaf_index", 1);
  return client.find(
      {.collection = collection_of(shelf), .filter = filter, .projection = projection, .expected = ids.size()},
      [&copies](const BsonFields& fields) { note_copy(fields, copies); });
}

StoreError cannot_be_written(const Error& error, const Version& version) {
  return {.reaction = Reaction::kPoison,
          .code = "",
          .constraint = "",
          .words = error.message(),
          .leaves = {version.leaf_index}};
}

StoreError not_readable(std::size_t count) {
  return {
      .reaction = Reaction::kRetry,
      .code = "11000",
      .constraint = "",
      .words = "the document store reported " + std::to_string(count) +
               " keys as taken that it does not hold; the agent repeats by itself. Where it stays so: a unique index "
               "that twinlog did not make refuses events, or their documents were changed by hand"};
}

}  // namespace

StoreResult<std::vector<Stored>> store_versions(Client& client, Shelf shelf, std::span<const Version* const> versions) {
  StoredCopies copies;
  std::vector<std::string> sent;
  std::vector<std::uint64_t> leaves;
  std::vector<std::string> ids;
  Bulk bulk(client, collection_of(shelf));
  for (const Version* version : versions) {
    const std::string& id = ids.emplace_back(version_id(shelf, *version));
    const StoredCopy copy{version->content_hash, version->epoch_id, version->leaf_index, true};
    if (!copies.try_emplace(id, copy).second) {
      continue;
    }
    const Result<Bson> document = version_document(shelf, *version);
    if (!document) {
      return cannot_be_written(document.error(), *version);
    }
    bulk.insert(*document);
    sent.push_back(id);
    leaves.push_back(version->leaf_index);
  }
  auto executed = bulk.execute();
  if (!executed) {
    for (const std::size_t index : bulk.poisonous()) {
      executed.error().leaves.push_back(leaves.at(index));
    }
    return std::move(executed).error();
  }
  std::vector<std::string> taken;
  for (const std::size_t index : executed->duplicates) {
    taken.push_back(sent.at(index));
    copies.erase(taken.back());
  }
  if (!taken.empty()) {
    TWINLOG_KILL_POINT("mongodb.before_read_back");
    const std::size_t fresh = copies.size();
    if (auto failed = read_copies(client, shelf, taken, copies)) {
      return std::move(*failed);
    }
    if (copies.size() - fresh != taken.size()) {
      return not_readable(taken.size() - (copies.size() - fresh));
    }
  }
  std::vector<Stored> stored;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const StoredCopy& copy = copies.at(ids[i]);
    stored.push_back({place_of(*versions[i], copy), copy.epoch_id, copy.leaf_index});
  }
  return stored;
}

StoreStatus mark_conflicts(Client& client, std::span<const Version* const> conflicts) {
  std::map<std::string, std::string_view> tenant_of;  // By record.
  for (const Version* version : conflicts) {
    tenant_of.emplace(version_id(Shelf::kRecords, *version), version->event.tenant_id);
  }
  Bulk bulk(client, collection_of(Shelf::kRecords));
  Bson change;
  BsonWriter(change).begin_document("$set").boolean("has_conflict", true).end();
  for (const auto& [id, tenant_id] : tenant_of) {
    Bson filter;
    BsonWriter(filter).text("_id", id).text("tenant_id", tenant_id);
    bulk.update(filter, change);
  }
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  return std::nullopt;
}

}  // namespace twinlog::mongodb
