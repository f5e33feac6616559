#include "plugins/mongodb/ledger_document.h"

#include <array>
#include <utility>

#include "plugins/mongodb/field_faults.h"
#include "plugins/mongodb/ledger_rows.h"

namespace twinlog::mongodb {
namespace {

using enum FieldType;
using enum Presence;

// Of an erased one content_hash is gone.
constexpr auto kVersionFields = std::to_array<FieldRule>({{"_id"},
                                                          {"tenant_id"},
                                                          {"log_id"},
                                                          {"event_type"},
                                                          {"occurred_at", kDate},
                                                          {"organisation_id", kText, kOrAbsent},
                                                          {"user_id", kText, kOrAbsent},
                                                          {"username", kText, kOrAbsent},
                                                          {"actor_id", kText, kOrAbsent},
                                                          {"ip", kText, kOrAbsent},
                                                          {"remote_host", kText, kOrAbsent},
                                                          {"user_agent", kText, kOrAbsent},
                                                          {"channel", kText, kOrAbsent},
                                                          {"service", kText, kOrAbsent},
                                                          {"auth_method", kText, kOrAbsent},
                                                          {"failure_reason", kText, kOrAbsent},
                                                          {"failure_code", kText, kOrAbsent},
                                                          {"session_ref", kText, kOrAbsent},
                                                          {"request_id", kText, kOrAbsent},
                                                          {"failed_login_attempts", kInt32, kOrAbsent},
                                                          {"account_locked_until", kDate, kOrAbsent},
                                                          {"lock_kind", kText, kOrAbsent},
                                                          {"lock_reason", kText, kOrAbsent},
                                                          {"reset_reason", kText, kOrAbsent},
                                                          {"metadata", kObject, kOrAbsent},
                                                          {"account", kText, kOrAbsent},
                                                          {"repaired", kTexts, kOrAbsent},
                                                          {"received_at", kDate},
                                                          {"effective_at", kDate},
                                                          {"agent"},
                                                          {"content_hash", kBinary, kOrAbsent},
                                                          {"epoch_id"},
                                                          {"leaf_index", kInt64},
                                                          {"tenant_seq", kInt64, kOrAbsent},
                                                          {"ingress", kInt32, kOrAbsent},
                                                          {"peer_uid", kInt64, kOrAbsent},
                                                          {"peer_gid", kInt64, kOrAbsent},
                                                          {"record_key", kBinary, kOrAbsent},
                                                          {"salts", kBinary, kOrAbsent},
                                                          {"has_conflict", kBoolean}});  // Last: a conflict has none.

constexpr auto kAccountFields = std::to_array<FieldRule>({{"_id"},
                                                          {"tenant_id"},
                                                          {"account"},
                                                          {"failed_login_attempts", kInt32},
                                                          {"account_locked_until", kDate, kOrNull},
                                                          {"lock_kind"},
                                                          {"lock_reason", kText, kOrNull},
                                                          {"last_failed_at", kDate, kOrNull},
                                                          {"last_success_at", kDate, kOrNull},
                                                          {"last_locked_at", kDate, kOrNull},
                                                          {"last_reset_at", kDate, kOrNull},
                                                          {"organisation_id", kText, kOrNull},
                                                          {"log_id"},
                                                          {"effective_at", kDate},
                                                          {"fold_state", kBinary},
                                                          {"version", kInt64},
                                                          {"written_by"}});
constexpr auto kEpochFields = std::to_array<FieldRule>(
    {{"_id"}, {"epoch_id"}, {"origin"}, {"open", kBinary}, {"note"}, {"retired", kText, kOrAbsent}});
constexpr auto kTileFields = std::to_array<FieldRule>({{"_id"},
                                                       {"epoch_id"},
                                                       {"first_index", kInt64},
                                                       {"leaf_count", kInt32},
                                                       {"first_accept_at", kDate},
                                                       {"last_accept_at", kDate},
                                                       {"hashes", kBinary}});
constexpr auto kLeafFields = std::to_array<FieldRule>({{"_id"},
                                                       {"epoch_id"},
                                                       {"leaf_index", kInt64},
                                                       {"leaf", kBinary},
                                                       {"tenant_id", kText, kOrAbsent},
                                                       {"log_id", kText, kOrAbsent},
                                                       {"tenant_seq", kInt64, kOrAbsent},
                                                       {"record_key", kBinary, kOrAbsent},
                                                       {"salts", kBinary, kOrAbsent}});
constexpr auto kCheckpointFields = std::to_array<FieldRule>(
    {{"_id"}, {"epoch_id"}, {"size", kInt64}, {"root", kBinary}, {"note"}, {"accepted_at", kDate}});

std::string id_of(const BsonFields& fields) {
  return fields.text("_id").value_or("");
}

std::string joined(const std::vector<std::string>& faults) {
  std::string words;
  for (const std::string& fault : faults) {
    words += (words.empty() ? "" : ", ") + fault;
  }
  return words;
}

/// Nothing for a negative number.
std::optional<std::uint64_t> count_from(const BsonFields& fields, std::string_view name) {
  const auto value = fields.integer(name);
  return value && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<Uuid> epoch_from(const BsonFields& fields) {
  const std::string text = fields.text("epoch_id").value_or("");
  const auto epoch_id = uuid_from_text(text);
  return epoch_id && uuid_text(*epoch_id) == text ? epoch_id : std::nullopt;
}

void add_value_faults(const BsonFields& fields, Shelf shelf, LedgerRow& row) {
  const auto fault = [&row](const char* words) { row.faults.emplace_back(words); };
  const AuthEvent& event = row.version.event;
  std::string id = record_id({event.tenant_id, event.log_id});
  if (shelf == Shelf::kConflicts) {
    id += "/" + hex(fields.binary("content_hash").value_or(""));
  }
  if (id_of(fields) != id) {
    fault("_id is not the key");
  }
  for (const char* name : {"leaf_index", "tenant_seq", "peer_uid", "peer_gid"}) {
    if (fields.integer(name).value_or(0) < 0) {
      row.faults.push_back(std::string(name) + " is negative");
    }
  }
  if (!epoch_from(fields)) {
    fault("epoch_id is no UUID in lower case");
  }
  if (fields.find("content_hash") && !row.has_content_hash) {
    fault("content_hash is no hash");
  }
  if (!fields.find("content_hash") && row.salts.empty() && row.tenant_seq) {
    fault("content_hash is gone without salts in its place");
  }
  if (fields.find("salts") && row.salts.empty()) {
    fault("salts is empty, and not absent");
  }
  if (fields.find("record_key") && !array_from<sizeof(RecordKey)>(fields.binary("record_key").value_or(""))) {
    fault("record_key holds nothing that an agent writes");
  }
  if (fields.find("lock_kind") && !event.lock_kind) {
    fault("lock_kind holds nothing that an agent writes");
  }
  if (fields.find("ingress") && row.version.arrival.ingress == Ingress::kUnknown) {
    fault("ingress holds nothing that an agent writes");
  }
}

}  // namespace

LedgerRow read_version_document(Shelf shelf, const BsonFields& fields) {
  LedgerRow row;
  row.is_conflict = shelf == Shelf::kConflicts;
  const std::span<const FieldRule> rules = kVersionFields;
  row.faults = field_faults(fields, row.is_conflict ? rules.first(rules.size() - 1) : rules);
  auto version = version_from(fields);
  if (version) {
    row.version = *std::move(version);
  } else {  // What can be had of its key and place.
    row.faults.push_back(version.error().message());
    row.version.event.tenant_id = fields.text("tenant_id").value_or("");
    row.version.event.log_id = fields.text("log_id").value_or("");
    row.version.epoch_id = epoch_from(fields).value_or(Uuid{});
    row.version.leaf_index = count_from(fields, "leaf_index").value_or(0);
    row.version.received_at = fields.time("received_at").value_or(0);
  }
  row.tenant_seq = count_from(fields, "tenant_seq");
  row.has_content_hash = array_from<sizeof(Digest)>(fields.binary("content_hash").value_or("")).has_value();
  row.has_conflict = fields.boolean("has_conflict").value_or(false);
  row.salts = fields.binary("salts").value_or("");
  add_value_faults(fields, shelf, row);
  return row;
}

LedgerAccountRow read_account_document(const BsonFields& fields) {
  LedgerAccountRow row;
  row.faults = field_faults(fields, kAccountFields);
  row.key = {.tenant_id = fields.text("tenant_id").value_or(""), .account = fields.text("account").value_or("")};
  if (id_of(fields) != account_id(row.key)) {
    row.faults.emplace_back("_id is not the key");
  }
  if (auto shown = shown_account_from(fields)) {
    row.account = *std::move(shown);
  } else {
    row.faults.push_back(shown.error().message());
  }
  row.state = fields.binary("fold_state").value_or("");
  return row;
}

ReadDocument<LedgerEpochRow> read_epoch_document(const BsonFields& fields) {
  ReadDocument<LedgerEpochRow> read{.key = id_of(fields), .words = joined(field_faults(fields, kEpochFields))};
  const auto text = [&fields](const char* name) { return fields.text(name).value_or(""); };
  if (read.key != text("epoch_id")) {
    read.words += read.words.empty() ? "_id is not the key" : ", _id is not the key";
  }
  read.row = LedgerEpochRow{.epoch_id = text("epoch_id"),
                            .origin = text("origin"),
                            .open = fields.binary("open").value_or(""),
                            .note = text("note"),
                            .retired = text("retired")};
  return read;
}

ReadDocument<LedgerTileRow> read_tile_document(const BsonFields& fields) {
  ReadDocument<LedgerTileRow> read{.key = id_of(fields), .words = joined(field_faults(fields, kTileFields))};
  const auto epoch_id = epoch_from(fields);
  const auto first = count_from(fields, "first_index");
  const auto leaves = count_from(fields, "leaf_count");
  const auto first_at = fields.time("first_accept_at");
  const auto last_at = fields.time("last_accept_at");
  if (!epoch_id || !first || !leaves || !first_at || !last_at) {
    read.words = read.words.empty() ? "epoch_id, first_index or leaf_count is none that an agent writes" : read.words;
    return read;
  }
  if (read.words.empty() && read.key != tile_id(*epoch_id, *first, *leaves)) {
    read.words = "_id is not the key";
  }
  read.row = LedgerTileRow{.epoch_id = *epoch_id,
                           .first_index = *first,
                           .leaf_count = *leaves,
                           .first_accept_at = *first_at,
                           .last_accept_at = *last_at,
                           .hashes = fields.binary("hashes").value_or("")};
  return read;
}

ReadDocument<LedgerLeafRow> read_leaf_document(const BsonFields& fields) {
  ReadDocument<LedgerLeafRow> read{.key = id_of(fields), .words = joined(field_faults(fields, kLeafFields))};
  const auto epoch_id = epoch_from(fields);
  const auto index = count_from(fields, "leaf_index");
  if (!epoch_id || !index) {
    read.words = read.words.empty() ? "epoch_id or leaf_index is none that an agent writes" : read.words;
    return read;
  }
  if (read.words.empty() && read.key != leaf_id({*epoch_id, *index})) {
    read.words = "_id is not the key";
  }
  LedgerLeafRow row{.epoch_id = *epoch_id,
                    .leaf_index = *index,
                    .leaf = fields.binary("leaf").value_or(""),
                    .tenant_id = fields.text("tenant_id"),
                    .log_id = fields.text("log_id"),
                    .tenant_seq = count_from(fields, "tenant_seq"),
                    .record_key = array_from<sizeof(RecordKey)>(fields.binary("record_key").value_or("")),
                    .salts = fields.binary("salts").value_or("")};
  const bool is_odd = (fields.find("record_key") && !row.record_key) || (fields.find("tenant_seq") && !row.tenant_seq);
  if (read.words.empty() && is_odd) {
    read.words = "record_key or tenant_seq holds nothing that an agent writes";
  }
  read.row = std::move(row);
  return read;
}

ReadDocument<LedgerCheckpointRow> read_checkpoint_document(const BsonFields& fields) {
  ReadDocument<LedgerCheckpointRow> read{.key = id_of(fields),
                                         .words = joined(field_faults(fields, kCheckpointFields))};
  const auto epoch_id = epoch_from(fields);
  const auto size = count_from(fields, "size");
  const auto accepted_at = fields.time("accepted_at");
  const std::string root = fields.binary("root").value_or("");
  if (!epoch_id || !size || !accepted_at) {
    read.words = read.words.empty() ? "epoch_id, size or accepted_at is none that an agent writes" : read.words;
    return read;
  }
  if (read.words.empty() && read.key != checkpoint_id(*epoch_id, *size, root)) {
    read.words = "_id is not the key";
  }
  read.row = LedgerCheckpointRow{.epoch_id = *epoch_id,
                                 .size = *size,
                                 .root = root,
                                 .note = fields.text("note").value_or(""),
                                 .accepted_at = *accepted_at};
  return read;
}

}  // namespace twinlog::mongodb
