#include "plugins/exports/export_rows.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "ledger/base/bytes.h"

namespace twinlog {
namespace {

struct TextField {
  std::string_view name;
  std::optional<std::string> AuthEvent::*member;
};
constexpr TextField kTextFields[] = {
    {"organisation_id", &AuthEvent::organisation_id},
    {"user_id", &AuthEvent::user_id},
    {"username", &AuthEvent::username},
    {"actor_id", &AuthEvent::actor_id},
    {"ip", &AuthEvent::ip},
    {"remote_host", &AuthEvent::remote_host},
    {"user_agent", &AuthEvent::user_agent},
    {"channel", &AuthEvent::channel},
    {"service", &AuthEvent::service},
    {"auth_method", &AuthEvent::auth_method},
    {"failure_reason", &AuthEvent::failure_reason},
    {"failure_code", &AuthEvent::failure_code},
    {"session_ref", &AuthEvent::session_ref},
    {"request_id", &AuthEvent::request_id},
    {"lock_reason", &AuthEvent::lock_reason},
    {"reset_reason", &AuthEvent::reset_reason},
    {"account", &AuthEvent::account},
};
constexpr auto kOtherFields = std::to_array<std::string_view>(
    {"tenant_id", "log_id", "event_type", "failed_login_attempts", "lock_kind", "metadata", "repaired", "agent",
     "content_hash", "epoch_id", "leaf_index", "has_conflict", "tenant_seq", "ingress", "peer_uid", "peer_gid",
     "record_key", "salts"});
constexpr auto kTimeFields =
    std::to_array<std::string_view>({"occurred_at", "account_locked_until", "received_at", "effective_at"});

Error misses(const std::string& what) {
  return {ErrorKind::kInvalid, "no usable " + what};
}

std::optional<std::uint64_t> count(const ExportLine& line, std::string_view name) {
  const auto value = line.integer(name);
  return value && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<Uuid> uuid(const ExportLine& line) {
  return uuid_from_text(line.text("epoch_id").value_or(""));
}

/// Takes the fields of a version one by one, and notes what no agent writes.
class VersionTaker {
 public:
  VersionTaker(const ExportLine& line, VersionTable table) : line_(line), table_(table) {}

  Result<LedgerRow> take() {
    Version& version = row_.version;
    const auto tenant_id = line_.text("tenant_id");
    const auto log_id = line_.text("log_id");
    const auto leaf_index = count(line_, "leaf_index");
    const auto received_at = line_.time("received_at");
    const auto epoch = uuid(line_);
    if (!tenant_id || !log_id || !leaf_index || !received_at || !epoch) {
      return misses("tenant_id, log_id, epoch_id, leaf_index or received_at");
    }
    row_.is_conflict = table_ == VersionTable::kConflicts;
    version.event.tenant_id = *tenant_id;
    version.event.log_id = *log_id;
    version.leaf_index = *leaf_index;
    version.received_at = *received_at;
    version.epoch_id = *epoch;
    take_content();
    take_acceptance();
    take_ledger();
    if (line_.dialect() == ExportDialect::kMongodb) {
      check_document();
    }
    return std::move(row_);
  }

 private:
  void fault(std::string_view words) { row_.faults.emplace_back(words); }

  template <typename T>
  void check(const std::optional<T>& value, std::string_view name) {
    if (!value && line_.has(name)) {
      fault(name);
    }
  }

  void take_content() {
    AuthEvent& event = row_.version.event;
    const auto type = line_.text("event_type");
    const auto occurred_at = line_.time("occurred_at");
    if (!type || !occurred_at) {
      fault(!type ? "event_type" : "occurred_at");
    }
    event.event_type = type.value_or("");
    event.occurred_at = occurred_at.value_or(0);
    for (const TextField& field : kTextFields) {
      event.*field.member = line_.text(field.name);
      check(event.*field.member, field.name);
    }
    if (line_.dialect() == ExportDialect::kPostgres && event.ip && event.ip->find('/') != std::string::npos) {
      fault("ip has a netmask");
    }
    const auto attempts = line_.integer("failed_login_attempts");
    check(attempts, "failed_login_attempts");
    if (attempts && (*attempts < 0 || *attempts > std::numeric_limits<std::int32_t>::max())) {
      fault("failed_login_attempts");
    } else if (attempts) {
      event.failed_login_attempts = static_cast<std::int32_t>(*attempts);
    }
    event.account_locked_until = line_.time("account_locked_until");
    if (!event.account_locked_until && line_.has_time("account_locked_until")) {
      fault("account_locked_until");
    }
    take_lists();
  }

  void take_lists() {
    AuthEvent& event = row_.version.event;
    if (const auto kind = line_.text("lock_kind")) {
      for (const LockKind one : {LockKind::kTemporary, LockKind::kPermanent}) {
        if (*kind == lock_kind_text(one)) {
          event.lock_kind = one;
        }
      }
    }
    check(event.lock_kind, "lock_kind");
    const auto repaired = line_.texts("repaired");
    check(repaired, "repaired");
    event.repaired = repaired.value_or(std::vector<std::string>{});
    if (repaired && repaired->empty()) {
      fault("repaired is there and empty");
    }
    event.metadata = line_.object("metadata");
    check(event.metadata, "metadata");
  }

  void take_acceptance() {
    Version& version = row_.version;
    const auto effective_at = line_.time("effective_at");
    const auto agent = line_.text("agent");
    const auto hash = array_from<sizeof(Digest)>(line_.binary("content_hash").value_or(""));
    if (!effective_at || !agent) {
      fault(!agent ? "agent" : "effective_at");
    }
    version.effective_at = effective_at.value_or(0);
    version.agent = agent.value_or("");
    check(hash, "content_hash");
    row_.has_content_hash = hash.has_value();
    version.content_hash = hash.value_or(Digest{});
    const auto has_conflict = line_.boolean("has_conflict");
    if (!has_conflict && table_ == VersionTable::kRecords) {
      fault("has_conflict");
    }
    row_.has_conflict = has_conflict.value_or(false);
  }

  void take_ledger() {
    row_.tenant_seq = count(line_, "tenant_seq");
    check(row_.tenant_seq, "tenant_seq");
    const auto key = array_from<sizeof(RecordKey)>(line_.binary("record_key").value_or(""));
    check(key, "record_key");
    if (row_.tenant_seq && key) {
      row_.version.ledger = LedgerPlace{*row_.tenant_seq, *key};
    }
    const auto salts = line_.binary("salts");
    check(salts, "salts");
    row_.salts = salts.value_or("");
    Arrival& arrival = row_.version.arrival;
    const auto ingress = line_.integer("ingress");
    check(ingress, "ingress");
    arrival.ingress = ingress == 1 ? Ingress::kUnix : ingress == 2 ? Ingress::kHttp : Ingress::kUnknown;
    arrival.uid = peer("peer_uid");
    arrival.gid = peer("peer_gid");
  }

  std::uint32_t peer(std::string_view name) {
    const auto value = line_.integer(name);
    check(value, name);
    if (value && (*value < 0 || *value >= kNobody)) {
      fault(name);
      return kNobody;
    }
    return value ? static_cast<std::uint32_t>(*value) : kNobody;
  }

  /// What only a document can have wrong.
  void check_document() {
    const Version& version = row_.version;
    for (const std::string_view name : kTimeFields) {
      if (line_.has_time(name) && !line_.is_date_right(name)) {
        fault(std::string(name) + " is not its microseconds rounded down");
      }
    }
    std::string id = version.event.tenant_id + "/" + version.event.log_id;
    const std::string stored = line_.text("_id").value_or("");
    const bool is_erased_conflict = table_ == VersionTable::kConflicts && !row_.salts.empty();
    if (table_ == VersionTable::kConflicts && !is_erased_conflict) {
      id += "/" + hex(version.content_hash);
    }
    if (is_erased_conflict ? !stored.starts_with(id + "/") : stored != id) {
      fault("_id is not its key");
    }
    for (const std::string& name : unknown_members(line_)) {
      fault("a field that no agent writes: " + std::to_string(name.size()) + " bytes of name");
    }
    for (const std::string& name : line_.names()) {
      if (line_.is_null(name)) {
        fault("a field is null");
      }
    }
  }

  const ExportLine& line_;
  VersionTable table_;
  LedgerRow row_;
};

std::optional<LockKind> any_lock_kind(const std::optional<std::string>& text) {
  for (const LockKind kind : {LockKind::kNone, LockKind::kTemporary, LockKind::kPermanent}) {
    if (text == lock_kind_text(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> unknown_members(const ExportLine& line) {
  std::vector<std::string> unknown;
  for (const std::string& name : line.names()) {
    const bool is_document = line.dialect() == ExportDialect::kMongodb;
    std::string_view plain(name);
    if (is_document && plain.ends_with("_us")) {
      plain.remove_suffix(3);
    }
    const bool is_known = (is_document && name == "_id") ||
                          std::any_of(std::begin(kTextFields), std::end(kTextFields),
                                      [&](const TextField& one) { return one.name == name; }) ||
                          std::find(kOtherFields.begin(), kOtherFields.end(), name) != kOtherFields.end() ||
                          std::find(kTimeFields.begin(), kTimeFields.end(), plain) != kTimeFields.end();
    if (!is_known) {
      unknown.push_back(name);
    }
  }
  return unknown;
}

Result<LedgerRow> version_row(const ExportLine& line, VersionTable table) {
  return VersionTaker(line, table).take();
}

Result<LedgerAccountRow> account_row(const ExportLine& line) {
  LedgerAccountRow row;
  const auto tenant_id = line.text("tenant_id");
  const auto account = line.text("account");
  if (!tenant_id || !account) {
    return misses("tenant_id or account");
  }
  row.key = {*tenant_id, *account};
  const auto note = [&row](std::string_view name) { row.faults.emplace_back(name); };
  const auto time = [&](std::string_view name) {
    auto value = line.time(name);
    if (!value && line.has_time(name)) {
      note(name);
    }
    if (value && line.dialect() == ExportDialect::kMongodb && !line.is_date_right(name)) {
      note(std::string(name) + " is not its microseconds rounded down");
    }
    return value;
  };
  const auto attempts = line.integer("failed_login_attempts");
  const auto kind = any_lock_kind(line.text("lock_kind"));
  const auto log_id = line.text("log_id");
  const auto effective_at = time("effective_at");
  const auto state = line.binary("fold_state");
  if (!attempts || *attempts < 0 || *attempts > kMostAttempts || !kind || !log_id || !effective_at || !state) {
    note("failed_login_attempts, lock_kind, log_id, effective_at or fold_state");
    return row;
  }
  ShownAccount& shown = row.account;
  shown.failed_login_attempts = static_cast<std::int32_t>(*attempts);
  shown.account_locked_until = time("account_locked_until");
  shown.lock_kind = *kind;
  shown.lock_reason = line.text("lock_reason");
  shown.last_failed_at = time("last_failed_at");
  shown.last_success_at = time("last_success_at");
  shown.last_locked_at = time("last_locked_at");
  shown.last_reset_at = time("last_reset_at");
  shown.organisation_id = line.text("organisation_id");
  shown.log_id = *log_id;
  shown.effective_at = *effective_at;
  row.state = *state;
  return row;
}

Result<LedgerEpochRow> epoch_row(const ExportLine& line) {
  const auto id = line.text("epoch_id");
  if (!id) {
    return misses("epoch_id");
  }
  return LedgerEpochRow{*id, line.text("origin").value_or(""), line.binary("open").value_or(""),
                        line.text("note").value_or(""), line.text("retired").value_or("")};
}

Result<LedgerTileRow> tile_row(const ExportLine& line) {
  const auto epoch = uuid(line);
  const auto first = count(line, "first_index");
  const auto leaves = count(line, "leaf_count");
  const auto first_at = line.time("first_accept_at");
  const auto last_at = line.time("last_accept_at");
  const auto hashes = line.binary("hashes");
  if (!epoch || !first || !leaves || !first_at || !last_at || !hashes) {
    return misses("epoch_id, first_index, leaf_count, first_accept_at, last_accept_at or hashes");
  }
  return LedgerTileRow{*epoch, *first, *leaves, *first_at, *last_at, *hashes};
}

Result<LedgerLeafRow> leaf_row(const ExportLine& line) {
  const auto epoch = uuid(line);
  const auto index = count(line, "leaf_index");
  const auto leaf = line.binary("leaf");
  if (!epoch || !index || !leaf) {
    return misses("epoch_id, leaf_index or leaf");
  }
  LedgerLeafRow row;
  row.epoch_id = *epoch;
  row.leaf_index = *index;
  row.leaf = *leaf;
  row.tenant_id = line.text("tenant_id");
  row.log_id = line.text("log_id");
  row.tenant_seq = count(line, "tenant_seq");
  if (const auto key = line.binary("record_key")) {
    row.record_key = array_from<sizeof(RecordKey)>(*key);
    if (!row.record_key) {
      return misses("record_key");
    }
  }
  row.salts = line.binary("salts").value_or("");
  return row;
}

Result<LedgerCheckpointRow> checkpoint_row(const ExportLine& line) {
  const auto epoch = uuid(line);
  const auto size = count(line, "size");
  const auto root = line.binary("root");
  const auto note = line.text("note");
  const auto accepted_at = line.time("accepted_at");
  if (!epoch || !size || !root || !note || !accepted_at) {
    return misses("epoch_id, size, root, note or accepted_at");
  }
  return LedgerCheckpointRow{*epoch, *size, *root, *note, *accepted_at};
}

}  // namespace twinlog
