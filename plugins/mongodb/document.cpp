#include "plugins/mongodb/document.h"

#include <utility>

#include "ledger/record/stored_texts.h"
#include "plugins/mongodb/json_bson.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {
namespace {

Error corrupt(const char* what) {
  return {ErrorKind::kCorrupt, std::string("a document in the store has no usable ") + what +
                                   "; another program wrote it: restore that document from a backup"};
}

std::optional<LockKind> lock_kind_from(const std::optional<std::string>& text) {
  for (const LockKind kind : {LockKind::kNone, LockKind::kTemporary, LockKind::kPermanent}) {
    if (text == lock_kind_text(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

bool append_event(BsonWriter& writer, const AuthEvent& event) {
  writer.text("tenant_id", event.tenant_id).text("log_id", event.log_id).text("event_type", event.event_type);
  writer.time("occurred_at", event.occurred_at);
  for (const StoredText& field : kStoredTexts) {
    if (const auto& value = event.*field.member) {
      writer.text(field.name, *value);
    }
  }
  if (event.failed_login_attempts) {
    writer.int32("failed_login_attempts", *event.failed_login_attempts);
  }
  if (event.account_locked_until) {
    writer.time("account_locked_until", *event.account_locked_until);
  }
  if (event.lock_kind) {
    writer.text("lock_kind", lock_kind_text(*event.lock_kind));
  }
  if (!event.repaired.empty()) {
    writer.begin_array("repaired");
    for (std::size_t i = 0; i < event.repaired.size(); ++i) {
      writer.text(std::to_string(i), event.repaired[i]);
    }
    writer.end();
  }
  return !event.metadata || append_json_object(writer, "metadata", *event.metadata);
}

/// What came before the ledger has nothing of its arrival in the store.
void append_ledger_place(BsonWriter& writer, const Version& version) {
  if (!version.ledger) {
    return;
  }
  writer.int64("tenant_seq", static_cast<std::int64_t>(version.ledger->tenant_seq));
  const Arrival& arrival = version.arrival;
  if (arrival.ingress != Ingress::kUnknown) {
    writer.int32("ingress", static_cast<std::int32_t>(arrival.ingress));
  }
  if (arrival.uid != kNobody) {
    writer.int64("peer_uid", arrival.uid);
  }
  if (arrival.gid != kNobody) {
    writer.int64("peer_gid", arrival.gid);
  }
  writer.binary("record_key", as_text(version.ledger->record_key));
}

Result<AuthEvent> event_from(const BsonFields& fields) {
  AuthEvent event;
  auto tenant_id = fields.text("tenant_id");
  auto log_id = fields.text("log_id");
  auto event_type = fields.text("event_type");
  const auto occurred_at = fields.time("occurred_at");
  if (!tenant_id || !log_id || !event_type || !occurred_at) {
    return corrupt("tenant_id, log_id, event_type or occurred_at_us");
  }
  event.tenant_id = std::move(*tenant_id);
  event.log_id = std::move(*log_id);
  event.event_type = std::move(*event_type);
  event.occurred_at = *occurred_at;
  for (const StoredText& field : kStoredTexts) {
    event.*field.member = fields.text(field.name);
  }
  if (const auto attempts = fields.integer("failed_login_attempts")) {
    event.failed_login_attempts = static_cast<std::int32_t>(*attempts);
  }
  event.account_locked_until = fields.time("account_locked_until");
  event.lock_kind = lock_kind_from(fields.text("lock_kind"));
  event.repaired = fields.texts("repaired");
  if (const auto metadata = fields.find("metadata")) {
    auto json = json_from_bson(metadata->iter);
    if (!json) {
      return json.error();
    }
    event.metadata = *std::move(json);
  }
  return event;
}

}  // namespace

bool is_erased(const BsonFields& fields) {
  return !fields.find("content_hash") || fields.binary("salts");
}

Arrival arrival_from(const BsonFields& fields) {
  Arrival arrival;
  const auto ingress = fields.integer("ingress");
  for (const Ingress known : {Ingress::kUnix, Ingress::kHttp}) {
    arrival.ingress = ingress == static_cast<std::int64_t>(known) ? known : arrival.ingress;
  }
  const auto peer = [&fields](std::string_view name) {
    const std::int64_t id = fields.integer(name).value_or(kNobody);
    return id >= 0 && id < kNobody ? static_cast<std::uint32_t>(id) : kNobody;
  };
  arrival.uid = peer("peer_uid");
  arrival.gid = peer("peer_gid");
  return arrival;
}

std::optional<LedgerPlace> ledger_place_from(const BsonFields& fields) {
  const auto tenant_seq = fields.integer("tenant_seq");
  const auto record_key = array_from<sizeof(RecordKey)>(fields.binary("record_key").value_or(""));
  if (!tenant_seq || !record_key) {
    return std::nullopt;
  }
  return LedgerPlace{.tenant_seq = static_cast<std::uint64_t>(*tenant_seq), .record_key = *record_key};
}

const char* collection_of(Shelf shelf) {
  return shelf == Shelf::kRecords ? kRecords : kConflicts;
}

std::string record_id(const EventKey& key) {
  return key.tenant_id + "/" + key.log_id;
}

std::string version_id(Shelf shelf, const Version& version) {
  std::string id = record_id({version.event.tenant_id, version.event.log_id});
  if (shelf == Shelf::kConflicts) {
    id += "/" + hex(version.content_hash);
  }
  return id;
}

Bson versions_of(Shelf shelf, std::span<const std::string> record_ids) {
  Bson filter;
  BsonWriter writer(filter);
  const bool is_exact = shelf == Shelf::kRecords;
  is_exact ? writer.begin_document("_id").begin_array("$in") : writer.begin_array("$or");
  for (std::size_t i = 0; i < record_ids.size(); ++i) {
    if (is_exact) {
      writer.text(std::to_string(i), record_ids[i]);
    } else {  // All that starts with "<record id>/": "0" is the character after "/".
      writer.begin_document(std::to_string(i)).begin_document("_id");
      writer.text("$gte", record_ids[i] + "/").text("$lt", record_ids[i] + "0").end().end();
    }
  }
  writer.end();
  if (is_exact) {
    writer.end();
  }
  return filter;
}

StoreError unreadable_document(const Error& error) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = error.message()};
}

std::string account_id(const AccountKey& key) {
  return key.tenant_id + "/" + key.account;
}

Result<Bson> version_document(Shelf shelf, const Version& version) {
  Bson document;
  BsonWriter writer(document);
  writer.text("_id", version_id(shelf, version));
  const bool has_event = append_event(writer, version.event);
  writer.time("received_at", version.received_at).time("effective_at", version.effective_at);
  writer.text("agent", version.agent).binary("content_hash", as_text(version.content_hash));
  writer.text("epoch_id", uuid_text(version.epoch_id));
  writer.int64("leaf_index", static_cast<std::int64_t>(version.leaf_index));
  append_ledger_place(writer, version);
  if (shelf == Shelf::kRecords) {
    writer.boolean("has_conflict", false);
  }
  if (!has_event || !writer.ok()) {
    return Error(ErrorKind::kInvalid, "an event cannot be written as a document; its leaf index is " +
                                          std::to_string(version.leaf_index) + ", please report this");
  }
  return document;
}

Result<Version> version_from(const BsonFields& fields) {
  auto event = event_from(fields);
  if (!event) {
    return event.error();
  }
  const auto received_at = fields.time("received_at");
  const auto effective_at = fields.time("effective_at");
  auto agent = fields.text("agent");
  auto hash = array_from<sizeof(Digest)>(fields.binary("content_hash").value_or(""));
  if (!fields.find("content_hash")) {
    hash = Digest{};
  }
  const auto epoch_id = uuid_from_text(fields.text("epoch_id").value_or(""));
  const auto leaf_index = fields.integer("leaf_index");
  if (!received_at || !effective_at || !agent || !hash || !epoch_id || !leaf_index) {
    return corrupt("received_at_us, effective_at_us, agent, content_hash, epoch_id or leaf_index");
  }
  return Version{.event = *std::move(event),
                 .content_hash = *hash,
                 .received_at = *received_at,
                 .effective_at = *effective_at,
                 .agent = std::move(*agent),
                 .epoch_id = *epoch_id,
                 .leaf_index = static_cast<std::uint64_t>(*leaf_index),
                 .arrival = arrival_from(fields),
                 .ledger = ledger_place_from(fields)};
}

Result<Bson> account_document(const AccountKey& key, const StoredAccount& account, const std::string& written_by) {
  const ShownAccount columns = shown(account.state);
  Bson document;
  BsonWriter writer(document);
  writer.text("_id", account_id(key)).text("tenant_id", key.tenant_id).text("account", key.account);
  writer.int32("failed_login_attempts", columns.failed_login_attempts);
  writer.time_or_null("account_locked_until", columns.account_locked_until);
  writer.text("lock_kind", lock_kind_text(columns.lock_kind)).text_or_null("lock_reason", columns.lock_reason);
  writer.time_or_null("last_failed_at", columns.last_failed_at);
  writer.time_or_null("last_success_at", columns.last_success_at);
  writer.time_or_null("last_locked_at", columns.last_locked_at);
  writer.time_or_null("last_reset_at", columns.last_reset_at);
  writer.text_or_null("organisation_id", columns.organisation_id).text("log_id", columns.log_id);
  writer.time("effective_at", columns.effective_at);
  writer.binary("fold_state", encode_account_state(account.state));
  writer.int64("version", account.version).text("written_by", written_by);
  if (!writer.ok()) {
    return Error(ErrorKind::kInvalid, "an account cannot be written as a document; please report this");
  }
  return document;
}

Result<StoredAccount> account_from(const BsonFields& fields) {
  const auto state = fields.binary("fold_state");
  const auto version = fields.integer("version");
  if (!state || !version) {
    return corrupt("fold_state or version");
  }
  auto decoded = decode_account_state(*state);
  if (!decoded) {
    return decoded.error();
  }
  return StoredAccount{.state = *std::move(decoded), .version = *version};
}

Result<ShownAccount> shown_account_from(const BsonFields& fields) {
  const auto attempts = fields.integer("failed_login_attempts");
  const auto kind = lock_kind_from(fields.text("lock_kind"));
  auto log_id = fields.text("log_id");
  const auto effective_at = fields.time("effective_at");
  if (!attempts || !kind || !log_id || !effective_at) {
    return corrupt("failed_login_attempts, lock_kind, log_id or effective_at_us");
  }
  return ShownAccount{.failed_login_attempts = static_cast<std::int32_t>(*attempts),
                      .account_locked_until = fields.time("account_locked_until"),
                      .lock_kind = *kind,
                      .lock_reason = fields.text("lock_reason"),
                      .last_failed_at = fields.time("last_failed_at"),
                      .last_success_at = fields.time("last_success_at"),
                      .last_locked_at = fields.time("last_locked_at"),
                      .last_reset_at = fields.time("last_reset_at"),
                      .organisation_id = fields.text("organisation_id"),
                      .log_id = std::move(*log_id),
                      .effective_at = *effective_at};
}

}  // namespace twinlog::mongodb
