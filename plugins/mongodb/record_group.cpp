#include "plugins/mongodb/record_group.h"

#include <algorithm>
#include <utility>

#include "plugins/mongodb/document.h"
#include "plugins/mongodb/ledger_document.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {
namespace {

constexpr std::size_t kIdsPerCommand = 1000;

StoreError hold(std::string words) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(words)};
}

StoreStatus read_versions(Client& client, Shelf shelf, std::span<const EventKey> keys, RecordGroups& groups) {
  std::vector<std::string> record_ids;
  for (const EventKey& key : keys) {
    record_ids.push_back(record_id(key));
  }
  const Bson filter = versions_of(shelf, record_ids);
  StoreStatus unreadable;
  auto failed =
      client.find({.collection = collection_of(shelf), .filter = filter, .projection = Bson(), .expected = keys.size()},
                  [&](const BsonFields& fields) {
                    LedgerRow row = read_version_document(shelf, fields);
                    if (const auto version = version_from(fields); !version) {
                      unreadable = hold(std::string(collection_of(shelf)) + ": " + version.error().message() +
                                        "; `twinlog verify` names the document");
                      return;
                    }
                    const EventKey key{row.version.event.tenant_id, row.version.event.log_id};
                    if (shelf == Shelf::kRecords) {
                      groups[key].rows.push_back(std::move(row));
                    } else if (const auto group = groups.find(key); group != groups.end()) {
                      group->second.rows.push_back(std::move(row));
                    }
                  });
  return failed ? std::move(failed) : std::move(unreadable);
}

/// No index leads there: one scan of ledger_leaves, by the server.
StoreStatus read_further(Client& client, RecordGroups& groups) {
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("log_id").begin_array("$in");
  std::size_t number = 0;
  for (const auto& [key, group] : groups) {
    writer.text(std::to_string(number++), key.log_id);
  }
  writer.end().end();
  StoreStatus unreadable;
  auto failed = client.find(
      {.collection = kLedgerLeaves, .filter = filter, .projection = Bson(), .expected = groups.size()},
      [&](const BsonFields& fields) {
        ReadDocument<LedgerLeafRow> read = read_leaf_document(fields);
        if (!read.row) {
          unreadable = hold(std::string(kLedgerLeaves) + ": " + read.words + "; `twinlog verify` names the document");
          return;
        }
        const EventKey key{read.row->tenant_id.value_or(""), read.row->log_id.value_or("")};
        if (const auto group = groups.find(key); group != groups.end()) {
          group->second.further.push_back(*std::move(read.row));
        }
      });
  return failed ? std::move(failed) : std::move(unreadable);
}

}  // namespace

StoreResult<RecordGroups> read_groups(Client& client, std::span<const EventKey> keys) {
  RecordGroups groups;
  if (keys.empty()) {
    return groups;
  }
  auto failed = read_versions(client, Shelf::kRecords, keys, groups);
  if (!failed && !groups.empty()) {
    failed = read_versions(client, Shelf::kConflicts, keys, groups);
  }
  if (!failed && !groups.empty()) {
    failed = read_further(client, groups);
  }
  if (failed) {
    return *std::move(failed);
  }
  return groups;
}

StoreResult<std::uint64_t> delete_documents(Client& client, const char* collection,
                                            const std::vector<std::string>& ids) {
  std::uint64_t deleted = 0;
  for (std::size_t from = 0; from < ids.size(); from += kIdsPerCommand) {
    Bson command;
    BsonWriter writer(command);
    writer.text("delete", collection).begin_array("deletes").begin_document("0");
    writer.begin_document("q").begin_document("_id").begin_array("$in");
    for (std::size_t i = from; i < std::min(ids.size(), from + kIdsPerCommand); ++i) {
      writer.text(std::to_string(i - from), ids[i]);
    }
    writer.end().end().end().int32("limit", 0).end().end();
    writer.begin_document("writeConcern").text("w", "majority").boolean("j", true);
    writer.int64("wtimeout", kWriteConcernTimeoutMs).end();
    auto reply = client.command(command);
    if (!reply) {
      return std::move(reply).error();
    }
    const BsonFields fields(*reply);
    if (fields.find("writeErrors") || fields.find("writeConcernError")) {
      return hold(std::string(collection) + ": the document store did not delete everything that it was asked to");
    }
    deleted += static_cast<std::uint64_t>(fields.number("n").value_or(0));
  }
  return deleted;
}

}  // namespace twinlog::mongodb
