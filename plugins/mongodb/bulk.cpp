#include "plugins/mongodb/bulk.h"

#include <algorithm>
#include <string>
#include <utility>

#include "plugins/mongodb/error_table.h"

namespace twinlog::mongodb {
namespace {

// What servers and driver call maxBsonObjectSize. The driver answers a larger one with an error that a duplicate key
// elsewhere in the bulk would cover up, so it is refused before it is queued.
constexpr std::size_t kDocumentBytesMost = 16U << 20U;
constexpr std::int32_t kDuplicateKey = 11000;

struct WriteError {
  std::size_t index = 0;
  std::int32_t code = 0;
  std::string key_pattern;  ///< Field names of the index, comma-separated; "" where the server does not say.
};

std::string key_names(const BsonFields& error) {
  std::string names;
  const auto pattern = error.find("keyPattern");
  bson_iter_t field;
  if (!pattern || bson_iter_type(&pattern->iter) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(&pattern->iter, &field)) {
    return names;
  }
  while (bson_iter_next(&field)) {
    names += (names.empty() ? "" : ",") + std::string(bson_iter_key(&field));
  }
  return names;
}

/// The elements of the array `name` of a reply, each as code, index and key pattern.
std::vector<WriteError> errors_in(const bson_t& reply, const char* name) {
  std::vector<WriteError> errors;
  const auto array = BsonFields(reply).find(name);
  bson_iter_t element;
  if (!array || !bson_iter_recurse(&array->iter, &element)) {
    return errors;
  }
  while (bson_iter_next(&element)) {
    std::uint32_t size = 0;
    const std::uint8_t* data = nullptr;
    bson_t document;
    if (bson_iter_type(&element) != BSON_TYPE_DOCUMENT) {
      continue;
    }
    bson_iter_document(&element, &size, &data);
    if (!bson_init_static(&document, data, size)) {
      continue;
    }
    const BsonFields fields(document);
    errors.push_back({.index = static_cast<std::size_t>(fields.integer("index").value_or(0)),
                      .code = static_cast<std::int32_t>(fields.integer("code").value_or(0)),
                      .key_pattern = key_names(fields)});
  }
  return errors;
}

bool is_duplicate_id(const WriteError& error) {
  return error.code == kDuplicateKey && (error.key_pattern.empty() || error.key_pattern == "_id");
}

/// Sorts the write errors of a reply into the outcome; an error where one of them is no matter of its operation alone.
StoreStatus sort_errors(const std::vector<WriteError>& errors, const std::vector<std::size_t>& queued,
                        BulkOutcome& outcome) {
  for (const WriteError& error : errors) {
    if (error.index >= queued.size()) {
      return driver_error(MONGOC_ERROR_PROTOCOL, 0);
    }
    if (is_duplicate_id(error)) {
      outcome.duplicates.push_back(queued[error.index]);
      continue;
    }
    StoreError refused = server_error(error.code);
    refused.constraint = error.key_pattern;
    if (refused.reaction != Reaction::kPoison && has_rule(error.code)) {
      return refused;
    }
    outcome.refused.push_back({queued[error.index], std::move(refused)});
  }
  std::ranges::sort(outcome.duplicates);
  std::ranges::sort(outcome.refused, {}, &RefusedOperation::index);
  return std::nullopt;
}

}  // namespace

Bulk::Bulk(Client& client, const char* collection, Confirmed confirmed)
    : client_(client), collection_(client.collection(collection)) {
  const std::unique_ptr<mongoc_write_concern_t, decltype(&mongoc_write_concern_destroy)> concern(
      mongoc_write_concern_new(), &mongoc_write_concern_destroy);
  if (confirmed == Confirmed::kByMajority || client.is_sharded()) {
    mongoc_write_concern_set_wmajority(concern.get(), 0);
    mongoc_write_concern_set_wtimeout_int64(concern.get(), kWriteConcernTimeoutMs);
    mongoc_write_concern_set_journal(concern.get(), true);
  } else {
    mongoc_write_concern_set_w(concern.get(), 1);
  }
  Bson options;
  BsonWriter(options).boolean("ordered", false);
  mongoc_write_concern_append(concern.get(), options.get());
  bulk_.reset(mongoc_collection_create_bulk_operation_with_opts(collection_.get(), options.get()));
}

bool Bulk::fits(const Bson& document) {
  if (document.size() > kDocumentBytesMost) {
    refused_.push_back({operations_++, driver_error(MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID)});
  }
  return document.size() <= kDocumentBytesMost;
}

/// The driver looks at each document: what it does not queue, it refuses for what that one holds.
void Bulk::note(bool queued, const bson_error_t& error) {
  if (queued) {
    queued_.push_back(operations_);
  } else {
    refused_.push_back({operations_, driver_error(error.domain, error.code)});
    refused_.back().error.reaction = Reaction::kPoison;
  }
  ++operations_;
}

void Bulk::insert(const Bson& document) {
  bson_error_t error{};
  if (fits(document)) {
    note(mongoc_bulk_operation_insert_with_opts(bulk_.get(), document.get(), nullptr, &error), error);
  }
}

void Bulk::replace(const Bson& filter, const Bson& document) {
  bson_error_t error{};
  if (fits(document)) {
    note(mongoc_bulk_operation_replace_one_with_opts(bulk_.get(), filter.get(), document.get(), nullptr, &error),
         error);
  }
}

void Bulk::update(const Bson& filter, const Bson& change) {
  bson_error_t error{};
  note(mongoc_bulk_operation_update_one_with_opts(bulk_.get(), filter.get(), change.get(), nullptr, &error), error);
}

void Bulk::upsert(const Bson& filter, const Bson& change) {
  Bson options;
  BsonWriter(options).boolean("upsert", true);
  bson_error_t error{};
  note(mongoc_bulk_operation_update_one_with_opts(bulk_.get(), filter.get(), change.get(), options.get(), &error),
       error);
}

StoreResult<BulkOutcome> Bulk::execute() {
  auto executed = execute_each();
  if (executed && !executed->refused.empty()) {
    return executed->refused.front().error;
  }
  return executed;
}

StoreResult<BulkOutcome> Bulk::execute_each() {
  BulkOutcome outcome;
  outcome.refused = std::move(refused_);
  if (queued_.empty()) {
    return outcome;
  }
  const std::uint64_t failed_before = client_.failed_commands();
  bson_t reply;
  bson_error_t error{};
  const bool done = mongoc_bulk_operation_execute(bulk_.get(), &reply, &error) != 0;
  const std::vector<WriteError> write_errors = errors_in(reply, "writeErrors");
  const std::vector<WriteError> concern_errors = errors_in(reply, "writeConcernErrors");
  outcome.matched = static_cast<std::uint64_t>(BsonFields(reply).integer("nMatched").value_or(0));
  bson_destroy(&reply);
  if (!concern_errors.empty()) {
    return server_error(concern_errors.front().code);
  }
  // Where one command of a split bulk reports write errors and another one breaks, the driver's error is the former's.
  if (!done && client_.failed_commands() != failed_before) {
    return client_.last_failure();
  }
  if (!done && write_errors.empty()) {
    return driver_error(error.domain, error.code);
  }
  if (auto failed = sort_errors(write_errors, queued_, outcome)) {
    return *std::move(failed);
  }
  return outcome;
}

}  // namespace twinlog::mongodb
