#include "plugins/mongodb/erasure.h"

#include <string>
#include <utility>
#include <vector>

#include "ledger/leaf/field_table.h"
#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/document.h"
#include "plugins/mongodb/ledger_rows.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/record_group.h"

namespace twinlog::mongodb {
namespace {

StoreError hold(std::string words) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(words)};
}

/// Of a time both spellings.
std::set<std::string> names_of(const std::set<std::uint8_t>& fields) {
  std::set<std::string> names{"record_key"};
  for (const std::uint8_t field : fields) {
    const std::string name(kFieldNames[field - 1U]);
    names.insert(name);
    if (field == kFieldAccountLockedUntil) {
      names.insert(name + "_us");
    }
  }
  return names;
}

Bson by_id(const std::string& id) {
  Bson filter;
  BsonWriter(filter).text("_id", id);
  return filter;
}

Bson change_of(const std::set<std::string>& gone, const std::string& salts) {
  Bson change;
  BsonWriter writer(change);
  writer.begin_document("$unset");
  for (const std::string& name : gone) {
    writer.text(name, "");
  }
  if (salts.empty()) {
    writer.text("salts", "");
  }
  writer.end();
  if (!salts.empty()) {
    writer.begin_document("$set").binary("salts", salts).end();
  }
  return change;
}

StoreStatus execute(Bulk& bulk, const char* collection, std::size_t wanted) {
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  return executed->matched == wanted ? std::nullopt
                                     : StoreStatus(hold(std::string(collection) +
                                                        ": documents went away while they were erased; run the command "
                                                        "again"));
}

StoreStatus write_leaves(Client& client, const std::vector<ErasedLeaf>& leaves) {
  Bulk bulk(client, kLedgerLeaves);
  for (const ErasedLeaf& leaf : leaves) {
    bulk.update(by_id(leaf_id({leaf.row->epoch_id, leaf.row->leaf_index})), change_of({"record_key"}, leaf.salts));
  }
  return execute(bulk, kLedgerLeaves, leaves.size());
}

StoreStatus write_records(Client& client, const std::vector<ErasedRow>& rows, const std::set<std::string>& gone) {
  Bulk bulk(client, kRecords);
  for (const ErasedRow& row : rows) {
    bulk.update(by_id(version_id(Shelf::kRecords, row.row->version)), change_of(gone, row.salts));
  }
  return execute(bulk, kRecords, rows.size());
}

std::string new_id(const ErasedRow& row) {
  Version version = row.row->version;
  version.content_hash = row.content_hash;
  return version_id(Shelf::kConflicts, version);
}

/// The document without what goes, under its new key.
Bson renewed(const BsonFields& fields, const ErasedRow& row, const std::set<std::string>& gone) {
  Bson document;
  BsonWriter writer(document);
  for (std::size_t place = 0; place < fields.size(); ++place) {
    const std::string name(fields.name(place));
    if (name == "_id") {
      writer.text(name, new_id(row));
    } else if (name == "content_hash") {
      writer.binary(name, as_text(row.content_hash));
    } else if (!gone.contains(name) && name != "salts") {
      const BsonField field = fields.at(place);
      bson_append_iter(document.get(), name.c_str(), -1, &field.iter);
    }
  }
  if (!row.salts.empty()) {
    writer.binary("salts", row.salts);
  }
  return document;
}

/// The new ones are there before the old ones go.
StoreStatus move_conflicts(Client& client, const std::map<std::string, const ErasedRow*>& moved,
                           const std::set<std::string>& gone) {
  Bulk bulk(client, kConflicts);
  std::vector<std::string> old_ids;
  for (const auto& [id, row] : moved) {
    auto failed = client.find({.collection = kConflicts, .filter = by_id(id), .projection = Bson(), .expected = 1},
                              [&, row = row](const BsonFields& fields) { bulk.insert(renewed(fields, *row, gone)); });
    if (failed) {
      return failed;
    }
    old_ids.push_back(id);
  }
  if (auto executed = bulk.execute(); !executed) {
    return std::move(executed).error();
  }
  auto deleted = delete_documents(client, kConflicts, old_ids);
  return deleted ? std::nullopt : StoreStatus(std::move(deleted).error());
}

StoreStatus write_conflicts(Client& client, const std::vector<ErasedRow>& rows, const std::set<std::string>& gone) {
  Bulk bulk(client, kConflicts);
  std::map<std::string, const ErasedRow*> moved;
  std::size_t in_place = 0;
  for (const ErasedRow& row : rows) {
    const std::string id = version_id(Shelf::kConflicts, row.row->version);
    if (id != new_id(row)) {
      moved[id] = &row;
      continue;
    }
    bulk.update(by_id(id), change_of(gone, row.salts));
    ++in_place;
  }
  auto failed = execute(bulk, kConflicts, in_place);
  return failed || moved.empty() ? std::move(failed) : move_conflicts(client, moved, gone);
}

}  // namespace

StoreStatus write_erasure(Client& client, const ErasurePlan& plan, const std::set<std::uint8_t>& fields) {
  const std::set<std::string> gone = names_of(fields);
  std::set<std::string> of_record = gone;
  of_record.insert("content_hash");
  auto failed = write_leaves(client, plan.leaves);
  if (!failed) {
    failed = write_records(client, plan.records, of_record);
  }
  return failed ? std::move(failed) : write_conflicts(client, plan.conflicts, gone);
}

}  // namespace twinlog::mongodb
