#include "plugins/exports/export_rows.h"

#include <algorithm>
#include <array>
#include <limits>

#include "ledger/base/bytes.h"

namespace twinlog {
namespace {

constexpr std::array<ExportName, 4> kTimes = {"occurred_at", "account_locked_until", "received_at", "effective_at"};

Error misses(const std::string& what) {
  return {ErrorKind::kInvalid, "no usable " + what};
}

std::optional<std::uint64_t> count(const ExportLine& line, ExportName name) {
  const auto value = line.integer(name);
  return value && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<Uuid> uuid(const ExportLine& line) {
  return uuid_from_text(line.text("epoch_id").value_or(""));
}

/// Takes the fields of a version one by one, and notes what no agent writes.
class VersionTaker {
 public:
  VersionTaker(ExportLine& line, VersionTable table) : line_(line), table_(table) {}

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
  void check(const std::optional<T>& value, ExportName name) {
    if (!value && line_.has(name)) {
      fault(name.text());
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
    for (std::size_t i = 0; i < kStoredTexts.size(); ++i) {
      const ExportName name(i);  // The texts have the first numbers.
      std::optional<std::string>& place = event.*kStoredTexts[i].member;
      place = line_.text(name);
      check(place, name);
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

  std::uint32_t peer(ExportName name) {
    const auto value = line_.integer(name);
    check(value, name);
    if (value && (*value < 0 || *value >= kNobody)) {
      fault(name.text());
      return kNobody;
    }
    return value ? static_cast<std::uint32_t>(*value) : kNobody;
  }

  /// What only a document can have wrong.
  void check_document() {
    const Version& version = row_.version;
    for (const ExportName name : kTimes) {
      if (line_.has_time(name) && !line_.is_date_right(name)) {
        fault(std::string(name.text()) + " is not its microseconds rounded down");
      }
    }
    std::string id = version.event.tenant_id + "/" + version.event.log_id;
    const std::string_view stored = line_.text("_id").value_or("");
    const bool is_erased_conflict = table_ == VersionTable::kConflicts && !row_.salts.empty();
    if (table_ == VersionTable::kConflicts && !is_erased_conflict) {
      id += "/" + hex(version.content_hash);
    }
    if (is_erased_conflict ? !stored.starts_with(id + "/") : stored != id) {
      fault("_id is not its key");
    }
    for (const std::string_view name : unknown_members(line_)) {
      fault("a field that no agent writes: " + std::to_string(name.size()) + " bytes of name");
    }
    for (std::size_t i = 0; i < line_.nulls(); ++i) {
      fault("a field is null");
    }
  }

  ExportLine& line_;
  VersionTable table_;
  LedgerRow row_;
};

std::optional<LockKind> any_lock_kind(const std::optional<std::string_view>& text) {
  for (const LockKind kind : {LockKind::kNone, LockKind::kTemporary, LockKind::kPermanent}) {
    if (text == lock_kind_text(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string_view> unknown_members(const ExportLine& line) {
  return line.names_beyond(line.dialect() == ExportDialect::kMongodb ? kDocumentNames : kVersionNames);
}

Result<LedgerRow> version_row(ExportLine& line, VersionTable table) {
  return VersionTaker(line, table).take();
}

Result<LedgerAccountRow> account_row(ExportLine& line) {
  LedgerAccountRow row;
  const auto tenant_id = line.text("tenant_id");
  const auto account = line.text("account");
  if (!tenant_id || !account) {
    return misses("tenant_id or account");
  }
  row.key = {std::string(*tenant_id), std::string(*account)};
  const auto note = [&row](std::string_view words) { row.faults.emplace_back(words); };
  const auto time = [&](ExportName name) {
    auto value = line.time(name);
    if (!value && line.has_time(name)) {
      note(name.text());
    }
    if (value && line.dialect() == ExportDialect::kMongodb && !line.is_date_right(name)) {
      note(std::string(name.text()) + " is not its microseconds rounded down");
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

Result<LedgerEpochRow> epoch_row(ExportLine& line) {
  const auto id = line.text("epoch_id");
  if (!id) {
    return misses("epoch_id");
  }
  const auto text = [&line](ExportName name) { return std::string(line.text(name).value_or("")); };
  return LedgerEpochRow{std::string(*id), text("origin"), std::string(line.binary("open").value_or("")), text("note"),
                        text("retired")};
}

Result<LedgerTileRow> tile_row(ExportLine& line) {
  const auto epoch = uuid(line);
  const auto first = count(line, "first_index");
  const auto leaves = count(line, "leaf_count");
  const auto first_at = line.time("first_accept_at");
  const auto last_at = line.time("last_accept_at");
  const auto hashes = line.binary("hashes");
  if (!epoch || !first || !leaves || !first_at || !last_at || !hashes) {
    return misses("epoch_id, first_index, leaf_count, first_accept_at, last_accept_at or hashes");
  }
  return LedgerTileRow{*epoch, *first, *leaves, *first_at, *last_at, std::string(*hashes)};
}

Result<LedgerLeafRow> leaf_row(ExportLine& line) {
  const auto epoch = uuid(line);
  const auto index = count(line, "leaf_index");
  const auto leaf = line.binary("leaf");
  if (!epoch || !index || !leaf) {
    return misses("epoch_id, leaf_index or leaf");
  }
  LedgerLeafRow row;
  row.leaf = *leaf;
  row.epoch_id = *epoch;
  row.leaf_index = *index;
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

Result<LedgerCheckpointRow> checkpoint_row(ExportLine& line) {
  const auto epoch = uuid(line);
  const auto size = count(line, "size");
  const auto root = line.binary("root");
  const auto note = line.text("note");
  const auto accepted_at = line.time("accepted_at");
  if (!epoch || !size || !root || !note || !accepted_at) {
    return misses("epoch_id, size, root, note or accepted_at");
  }
  return LedgerCheckpointRow{*epoch, *size, std::string(*root), std::string(*note), *accepted_at};
}

}  // namespace twinlog
