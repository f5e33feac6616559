#include "plugins/mongodb/erased_repeats.h"

#include <string>
#include <utility>

#include "ledger/leaf/event_leaf.h"
#include "ledger/tree/merkle.h"

namespace twinlog::mongodb {

StoreResult<std::set<LeafPlace>> stored_as_conflicts(Client& client, std::span<const Version* const> versions) {
  std::set<LeafPlace> places;
  if (versions.empty()) {
    return places;
  }
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("_id").begin_array("$in");
  std::size_t number = 0;
  for (const Version* version : versions) {
    writer.text(std::to_string(number++), version_id(Shelf::kConflicts, *version));
    if (version->ledger) {
      const std::string record = record_id({version->event.tenant_id, version->event.log_id});
      writer.text(std::to_string(number++), record + "/" + hex(leaf_hash(event_leaf(*version))));
    }
  }
  writer.end().end();
  Bson projection;
  BsonWriter(projection).int32("epoch_id", 1).int32("leaf_index", 1);
  auto failed = client.find({.collection = collection_of(Shelf::kConflicts),
                             .filter = filter,
                             .projection = projection,
                             .expected = versions.size()},
                            [&places](const BsonFields& fields) {
                              const auto epoch_id = uuid_from_text(fields.text("epoch_id").value_or(""));
                              const auto leaf_index = fields.integer("leaf_index");
                              if (epoch_id && leaf_index) {
                                places.insert({*epoch_id, static_cast<std::uint64_t>(*leaf_index)});
                              }
                            });
  if (failed) {
    return *std::move(failed);
  }
  return places;
}

}  // namespace twinlog::mongodb
