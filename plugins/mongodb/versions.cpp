#include "plugins/mongodb/versions.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/mongodb/foreign_index.h"
#include "plugins/mongodb/isolation.h"

namespace twinlog::mongodb {
namespace {

/// What is stored under a key: the content's hash and the acceptance.
struct StoredCopy {
  std::optional<Digest> content_hash;  ///< Nothing: erased.
  Uuid epoch_id{};
  std::uint64_t leaf_index = 0;
  bool inserted_now = false;
};
using StoredCopies = std::map<std::string, StoredCopy>;

Place place_of(const Version& version, const StoredCopy& copy) {
  if (!copy.content_hash) {
    return Place::kErased;
  }
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
  const auto hash = array_from<sizeof(Digest)>(fields.binary("content_hash").value_or(""));
  const bool is_gone = !fields.find("content_hash");
  const auto epoch_id = uuid_from_text(fields.text("epoch_id").value_or(""));
  const auto leaf_index = fields.integer("leaf_index");
  if (id && (hash || is_gone) && epoch_id && leaf_index) {
    copies[*id] = {.content_hash = hash,
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

StoreError cannot_be_written(const Error& error) {
  return {.reaction = Reaction::kPoison, .code = "", .constraint = "", .words = error.message()};
}

StoreError not_readable(std::vector<std::uint64_t> leaves) {
  const std::string keys = std::to_string(leaves.size());
  return {.reaction = Reaction::kRetry,
          .code = "11000",
          .constraint = "",
          .words = "the document store reported " + keys +
                   " keys as taken that it does not hold; the agent repeats by itself. Where it stays so, their "
                   "documents were changed by hand",
          .leaves = std::move(leaves)};
}

/// One shelf's part of a batch, round by round.
class Placing {
 public:
  Placing(Client& client, Shelf shelf, const Batch& batch);
  StoreStatus run();
  std::vector<Stored> stored() const;

 private:
  /// What a round sends: of each key that nothing is known of the first version that was not refused.
  struct Sent {
    std::vector<std::size_t> versions;
    std::vector<Bson> documents;
  };
  Sent next_to_send();
  StoreStatus send(const Sent& sent);
  StoreStatus look_up(const Sent& sent, const WritesOutcome& outcome);
  StoreStatus sort_missing(const Sent& sent, const WritesOutcome& outcome);
  StoreStatus refuse_unnamed(const std::vector<std::size_t>& numbers);
  void refuse(std::size_t number, const StoreError& error);
  std::vector<std::uint64_t> leaves_of(const std::vector<std::size_t>& numbers) const;

  Client& client_;
  Shelf shelf_;
  std::span<const Version* const> versions_;
  bool are_letters_;
  std::vector<std::string> ids_;
  StoredCopies copies_;
  std::map<std::size_t, StoreError> refused_;
};

Placing::Placing(Client& client, Shelf shelf, const Batch& batch)
    : client_(client), shelf_(shelf), versions_(batch.versions), are_letters_(batch.are_letters) {
  for (const Version* version : versions_) {
    ids_.push_back(version_id(shelf, *version));
  }
}

StoreStatus Placing::run() {
  for (Sent sent = next_to_send(); !sent.versions.empty(); sent = next_to_send()) {
    if (auto failed = send(sent)) {
      return failed;
    }
  }
  return std::nullopt;
}

Placing::Sent Placing::next_to_send() {
  Sent sent;
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    if (refused_.contains(i) || copies_.contains(ids_[i]) || keys.contains(ids_[i])) {
      continue;
    }
    Result<Bson> document = version_document(shelf_, *versions_[i]);
    if (!document) {
      refuse(i, cannot_be_written(document.error()));
      continue;
    }
    keys.insert(ids_[i]);
    sent.versions.push_back(i);
    sent.documents.push_back(*std::move(document));
  }
  return sent;
}

StoreStatus Placing::send(const Sent& sent) {
  const auto outcome =
      execute_each(client_, {.collection = collection_of(shelf_),
                             .kind = WriteKind::kInserts,
                             .count = sent.versions.size(),
                             .queue = [&sent](Bulk& bulk, std::size_t index) { bulk.insert(sent.documents[index]); },
                             .are_letters = are_letters_});
  if (!outcome) {
    return outcome.error();
  }
  for (const std::size_t number : sent.versions) {
    const Version& version = *versions_[number];
    copies_[ids_[number]] = {version.content_hash, version.epoch_id, version.leaf_index, true};
  }
  auto failed = look_up(sent, *outcome);
  return failed ? std::move(failed) : sort_missing(sent, *outcome);
}

StoreStatus Placing::look_up(const Sent& sent, const WritesOutcome& outcome) {
  std::vector<std::string> asked;
  for (const std::size_t index : outcome.duplicates) {
    asked.push_back(ids_[sent.versions[index]]);
  }
  for (const RefusedOperation& refused : outcome.refused) {
    asked.push_back(ids_[sent.versions[refused.index]]);
  }
  if (asked.empty()) {
    return std::nullopt;
  }
  StoredCopies ours;
  for (const std::string& id : asked) {
    ours.insert(copies_.extract(id));
  }
  TWINLOG_KILL_POINT("mongodb.before_read_back");
  if (auto failed = read_copies(client_, shelf_, asked, copies_)) {
    return failed;
  }
  for (const auto& [id, sent_copy] : ours) {
    const auto found = copies_.find(id);
    if (outcome.is_repeated && found != copies_.end() && found->second.epoch_id == sent_copy.epoch_id &&
        found->second.leaf_index == sent_copy.leaf_index) {
      found->second.inserted_now = true;  // Perhaps; taking it for new is the safe side (marked_merge.h).
    }
  }
  return std::nullopt;
}

/// What is not there was refused, or nobody can say why.
StoreStatus Placing::sort_missing(const Sent& sent, const WritesOutcome& outcome) {
  const auto is_missing = [&](std::size_t index) { return !copies_.contains(ids_[sent.versions[index]]); };
  std::vector<std::size_t> unknown;
  StoreStatus failed;
  for (const RefusedOperation& refused : outcome.refused) {
    if (is_missing(refused.index) && refused.error.reaction == Reaction::kPoison) {
      refuse(sent.versions[refused.index], refused.error);
    } else if (is_missing(refused.index)) {
      unknown.push_back(sent.versions[refused.index]);
      failed = failed ? std::move(failed) : refused.error;
    }
  }
  std::vector<std::size_t> unnamed;
  for (const std::size_t index : outcome.duplicates) {
    if (is_missing(index)) {
      unnamed.push_back(sent.versions[index]);
    }
  }
  if (!unnamed.empty()) {
    if (auto unreadable = refuse_unnamed(unnamed)) {
      return unreadable;
    }
  }
  if (failed && outcome.taken > 0) {
    failed->leaves = leaves_of(unknown);
  }
  return failed;
}

StoreStatus Placing::refuse_unnamed(const std::vector<std::size_t>& numbers) {
  const auto index = refused_by_foreign_index(client_, collection_of(shelf_));
  StoreError error = index.value_or(not_readable(leaves_of(numbers)));
  if (!index && !are_letters_) {
    return error;
  }
  error.reaction = Reaction::kPoison;
  error.leaves.clear();
  for (const std::size_t number : numbers) {
    refuse(number, error);
  }
  return std::nullopt;
}

/// With all that hold the same under the same key.
void Placing::refuse(std::size_t number, const StoreError& error) {
  for (std::size_t i = number; i < versions_.size(); ++i) {
    if (ids_[i] == ids_[number] && versions_[i]->content_hash == versions_[number]->content_hash) {
      refused_.try_emplace(i, error);
    }
  }
}

std::vector<std::uint64_t> Placing::leaves_of(const std::vector<std::size_t>& numbers) const {
  std::vector<std::uint64_t> leaves;
  leaves.reserve(numbers.size());
  for (const std::size_t number : numbers) {
    leaves.push_back(versions_[number]->leaf_index);
  }
  std::ranges::sort(leaves);
  return leaves;
}

std::vector<Stored> Placing::stored() const {
  std::vector<Stored> stored;
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    const auto found = copies_.find(ids_[i]);
    if (found == copies_.end()) {
      stored.push_back({.place = Place::kRefused, .refused = refused_.at(i)});
      continue;
    }
    const StoredCopy& copy = found->second;
    stored.push_back(
        {.place = place_of(*versions_[i], copy), .epoch_id = copy.epoch_id, .leaf_index = copy.leaf_index});
  }
  return stored;
}

}  // namespace

StoreResult<std::vector<Stored>> store_versions(Client& client, Shelf shelf, const Batch& batch) {
  Placing placing(client, shelf, batch);
  if (auto failed = placing.run()) {
    return *std::move(failed);
  }
  return placing.stored();
}

StoreResult<std::vector<RefusedVersion>> mark_conflicts(Client& client, const Batch& conflicts) {
  std::map<std::string, std::vector<const Version*>> versions_of;  // By record.
  for (const Version* version : conflicts.versions) {
    versions_of[version_id(Shelf::kRecords, *version)].push_back(version);
  }
  std::vector<decltype(versions_of)::const_iterator> records;
  for (auto record = versions_of.cbegin(); record != versions_of.cend(); ++record) {
    records.push_back(record);
  }
  Bson change;
  BsonWriter(change).begin_document("$set").boolean("has_conflict", true).end();
  auto outcome = execute_each(client, {.collection = collection_of(Shelf::kRecords),
                                       .kind = WriteKind::kUpdates,
                                       .count = records.size(),
                                       .queue =
                                           [&](Bulk& bulk, std::size_t index) {
                                             const auto& [id, versions] = *records[index];
                                             Bson filter;
                                             BsonWriter(filter).text("_id", id).text("tenant_id",
                                                                                     versions.front()->event.tenant_id);
                                             bulk.update(filter, change);
                                           },
                                       .are_letters = conflicts.are_letters});
  if (!outcome) {
    return std::move(outcome).error();
  }
  std::vector<RefusedVersion> refused;
  std::optional<StoreError> unknown;
  for (const RefusedOperation& one : outcome->refused) {
    const bool is_poison = one.error.reaction == Reaction::kPoison;
    if (!is_poison && !unknown) {
      unknown = one.error;
    }
    for (const Version* version : records[one.index]->second) {
      if (is_poison) {
        refused.push_back({version->leaf_index, one.error});
      } else if (outcome->taken > 0) {
        unknown->leaves.push_back(version->leaf_index);
      }
    }
  }
  if (unknown) {
    return *std::move(unknown);
  }
  return refused;
}

StoreResult<bool> is_record_there(Client& client, const EventKey& key) {
  Bson filter;
  BsonWriter(filter).text("_id", record_id(key));
  Bson projection;
  BsonWriter(projection).int32("_id", 1);
  bool is_there = false;
  auto failed = client.find(
      {.collection = collection_of(Shelf::kRecords), .filter = filter, .projection = projection, .expected = 1},
      [&is_there](const BsonFields& /*fields*/) { is_there = true; });
  if (failed) {
    return at(StoreStage::kPosition, *std::move(failed));
  }
  return is_there;
}

}  // namespace twinlog::mongodb
