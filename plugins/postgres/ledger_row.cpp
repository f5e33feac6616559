#include "plugins/postgres/ledger_row.h"

#include <limits>
#include <utility>

#include "ledger/base/bytes.h"
#include "ledger/record/jsonb_numbers.h"
#include "plugins/postgres/columns.h"

namespace twinlog::postgres {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr std::size_t kHeaderBytes = 19;
constexpr std::uint32_t kNullLength = 0xFFFFFFFF;
constexpr std::size_t kWordBytes = 4;
constexpr std::size_t kInt8Bytes = 8;

/// PostgreSQL's times reach further than ours; infinity is among them.
std::optional<UtcMicros> time_of(std::string_view bytes) {
  const std::int64_t raw = int8_value(bytes);
  const std::int64_t shift = timestamp_value(std::string(kInt8Bytes, '\0'));
  if (raw == std::numeric_limits<std::int64_t>::min() || raw > std::numeric_limits<std::int64_t>::max() - shift) {
    return std::nullopt;
  }
  return timestamp_value(bytes);
}

/// Nothing for a negative number.
std::optional<std::uint64_t> count_of(std::string_view bytes) {
  const std::int64_t value = bytes.size() == kWordBytes ? int4_value(bytes) : int8_value(bytes);
  return value < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(value));
}

Uuid uuid_of(std::string_view bytes) {
  return array_from<sizeof(Uuid)>(bytes).value_or(Uuid{});
}

std::string place_text(std::string_view uuid_bytes, std::string_view number_bytes) {
  return uuid_text(uuid_of(uuid_bytes)) + "/" + std::to_string(int8_value(number_bytes));
}

/// A netmask, or IPv4 in IPv6 form, which an agent never writes and which reads like the address itself.
bool is_plain_address(std::string_view bytes) {
  constexpr std::size_t kInetHeader = 4;
  constexpr std::size_t kV6Bytes = 16;
  constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\377\377", 12);
  if (bytes.size() <= kInetHeader) {
    return false;
  }
  const std::string_view address = bytes.substr(kInetHeader);
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[1])) == address.size() * 8 && bytes[2] == 0 &&
         !(address.size() == kV6Bytes && address.starts_with(kMapped));
}

/// The elements of a text[] in binary form; false where no agent writes one like it.
bool read_repaired(std::string_view bytes, std::vector<std::string>& into) {
  ByteReader reader(bytes);
  const std::uint32_t dimensions = reader.u32();
  reader.u32();
  reader.u32();
  bool is_ours = dimensions == 1;
  std::uint64_t count = dimensions == 0 ? 0 : 1;
  for (std::uint32_t i = 0; i < dimensions && reader.ok(); ++i) {
    count *= reader.u32();
    is_ours = reader.u32() == 1 && is_ours;  // The lower bound.
  }
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::uint32_t length = reader.u32();
    if (length == kNullLength) {
      is_ours = false;
      continue;
    }
    into.emplace_back(reader.bytes(length));
  }
  return is_ours && reader.ok() && reader.at_end();
}

/// What no agent writes into the column, or "". What it says is still taken where that is possible.
std::string_view oddity(const Column& column, std::string_view bytes) {
  const std::uint32_t type = column.type.oid;
  if (type == kTimestamp.oid && !time_of(bytes)) {
    return "is infinite";
  }
  if (type == kInet.oid && !is_plain_address(bytes)) {
    return "has a netmask, or is IPv4 written as IPv6";
  }
  if (type == kJsonb.oid && !jsonb_value(bytes).starts_with('{')) {
    return "is no object";
  }
  if (type == kJsonb.oid && !are_numbers_canonical(jsonb_value(bytes))) {
    return "holds a number that no agent writes";
  }
  if (type == kInt8.oid && int8_value(bytes) < 0) {
    return "is negative";
  }
  return {};
}

bool is_required(std::string_view column) {
  for (const std::string_view each : {"tenant_id", "log_id", "event_type", "occurred_at", "received_at", "effective_at",
                                      "agent", "epoch_id", "leaf_index"}) {
    if (column == each) {
      return true;
    }
  }
  return false;
}

class VersionRowReader {
 public:
  explicit VersionRowReader(const Tuple& tuple) : tuple_(tuple) {}
  LedgerRow read();

 private:
  void read_column(const Column& column, std::size_t place);
  void fault(std::string_view column, std::string_view words) {
    row_.faults.push_back(std::string(column) + " " + std::string(words));
  }

  const Tuple& tuple_;
  StoredVersion stored_;
  LedgerRow row_;
  bool has_record_key_ = false;
};

LedgerRow VersionRowReader::read() {
  std::size_t place = 0;
  for (const Column& column : columns()) {
    read_column(column, place++);
  }
  if (tuple_.is_null(place)) {
    fault("has_conflict", "is NULL");
  } else {
    row_.has_conflict = bool_value(tuple_.value(place));
  }
  row_.salts = tuple_.value(place + 1);
  if (!tuple_.is_null(place + 1) && row_.salts.empty()) {
    fault("salts", "is empty, and not NULL");
  }
  if (!has_record_key_) {
    stored_.version.ledger.reset();
  }
  row_.version = std::move(stored_.version);
  return std::move(row_);
}

void VersionRowReader::read_column(const Column& column, std::size_t place) {
  if (tuple_.is_null(place)) {
    if (is_required(column.name)) {
      fault(column.name, "is NULL");
    }
    return;
  }
  const std::string_view bytes = tuple_.value(place);
  if (column.name == "repaired") {
    if (!read_repaired(bytes, stored_.version.event.repaired)) {
      fault(column.name, "is a list of another form");
    }
    return;
  }
  const std::string_view words = oddity(column, bytes);
  if (!words.empty()) {
    fault(column.name, words);
    if (column.type.oid != kInet.oid && column.type.oid != kJsonb.oid) {
      return;
    }
  }
  if (const Status taken = column.take(stored_, bytes); !taken) {
    fault(column.name, "holds nothing that an agent writes");
    return;
  }
  if (column.name == "content_hash") {
    row_.has_content_hash = true;
  } else if (column.name == "tenant_seq") {
    row_.tenant_seq = stored_.version.ledger->tenant_seq;
  } else if (column.name == "record_key") {
    has_record_key_ = true;
  }
}

std::optional<std::string> text_or_null(const Tuple& tuple, std::size_t column) {
  return tuple.is_null(column) ? std::nullopt : std::optional(std::string(tuple.value(column)));
}

}  // namespace

std::optional<Tuple> Tuple::read(std::string_view message, bool& is_broken) {
  if (message.starts_with(kSignature)) {
    message.remove_prefix(std::min(message.size(), kHeaderBytes));
  }
  is_broken = false;
  ByteReader reader(message);
  const std::uint16_t columns = reader.u16();
  if (message.empty() || columns == std::numeric_limits<std::uint16_t>::max()) {
    return std::nullopt;
  }
  Tuple tuple;
  tuple.values_.reserve(columns);
  for (std::uint16_t i = 0; i < columns && reader.ok(); ++i) {
    const std::uint32_t length = reader.u32();
    tuple.values_.push_back(length == kNullLength ? std::nullopt : std::optional(reader.bytes(length)));
  }
  is_broken = !reader.ok() || !reader.at_end();
  return is_broken ? std::nullopt : std::optional(std::move(tuple));
}

Tuple Tuple::of(const Rows& rows, int row) {
  Tuple tuple;
  for (int column = 0; column < rows.columns(); ++column) {
    tuple.values_.push_back(rows.is_null(row, column) ? std::nullopt : std::optional(rows.value(row, column)));
  }
  return tuple;
}

LedgerRow read_version_row(const Tuple& tuple) {
  return VersionRowReader(tuple).read();
}

LedgerAccountRow read_account_row(const Tuple& tuple) {
  LedgerAccountRow row;
  row.key = {.tenant_id = std::string(tuple.value(0)), .account = std::string(tuple.value(1))};
  ShownAccount& shown = row.account;
  const auto time = [&](std::size_t column, std::string_view name) -> std::optional<UtcMicros> {
    if (tuple.is_null(column)) {
      return std::nullopt;
    }
    const auto found = time_of(tuple.value(column));
    if (!found) {
      row.faults.push_back(std::string(name) + " is infinite");
    }
    return found;
  };
  shown.failed_login_attempts = int4_value(tuple.value(2));
  shown.account_locked_until = time(3, "account_locked_until");
  bool is_known = false;
  for (const LockKind kind : {LockKind::kNone, LockKind::kTemporary, LockKind::kPermanent}) {
    if (tuple.value(4) == lock_kind_text(kind)) {
      shown.lock_kind = kind;
      is_known = true;
    }
  }
  if (!is_known) {
    row.faults.emplace_back("lock_kind holds nothing that an agent writes");
  }
  shown.lock_reason = text_or_null(tuple, 5);
  shown.last_failed_at = time(6, "last_failed_at");
  shown.last_success_at = time(7, "last_success_at");
  shown.last_locked_at = time(8, "last_locked_at");
  shown.last_reset_at = time(9, "last_reset_at");
  shown.organisation_id = text_or_null(tuple, 10);
  shown.log_id = tuple.value(11);
  shown.effective_at = time(12, "effective_at").value_or(0);
  row.state = tuple.value(13);
  return row;
}

ReadRow<LedgerEpochRow> read_epoch_row(const Tuple& tuple) {
  LedgerEpochRow row{.epoch_id = uuid_text(uuid_of(tuple.value(0))),
                     .origin = std::string(tuple.value(1)),
                     .open = std::string(tuple.value(2)),
                     .note = std::string(tuple.value(3)),
                     .retired = std::string(tuple.value(4))};
  return {.row = std::move(row), .key = {}, .words = {}};
}

ReadRow<LedgerTileRow> read_tile_row(const Tuple& tuple) {
  ReadRow<LedgerTileRow> read{.row = {}, .key = place_text(tuple.value(0), tuple.value(1)), .words = {}};
  const auto first = count_of(tuple.value(1));
  const auto leaves = count_of(tuple.value(2));
  const auto first_at = time_of(tuple.value(3));
  const auto last_at = time_of(tuple.value(4));
  if (!first || !leaves || !first_at || !last_at) {
    read.words = "first_index, leaf_count or a time is none that an agent writes";
    return read;
  }
  read.row = LedgerTileRow{.epoch_id = uuid_of(tuple.value(0)),
                           .first_index = *first,
                           .leaf_count = *leaves,
                           .first_accept_at = *first_at,
                           .last_accept_at = *last_at,
                           .hashes = std::string(tuple.value(5))};
  return read;
}

ReadRow<LedgerLeafRow> read_leaf_row(const Tuple& tuple) {
  ReadRow<LedgerLeafRow> read{.row = {}, .key = place_text(tuple.value(0), tuple.value(1)), .words = {}};
  const auto index = count_of(tuple.value(1));
  if (!index) {
    read.words = "leaf_index is negative";
    return read;
  }
  LedgerLeafRow row{.epoch_id = uuid_of(tuple.value(0)),
                    .leaf_index = *index,
                    .leaf = std::string(tuple.value(2)),
                    .tenant_id = text_or_null(tuple, 3),
                    .log_id = text_or_null(tuple, 4),
                    .tenant_seq = {},
                    .record_key = {},
                    .salts = std::string(tuple.value(7))};
  if (!tuple.is_null(5)) {
    row.tenant_seq = count_of(tuple.value(5));
    read.words = row.tenant_seq ? "" : "tenant_seq is negative";
  }
  if (!tuple.is_null(6)) {
    row.record_key = array_from<sizeof(RecordKey)>(tuple.value(6));
    read.words = row.record_key ? read.words : "record_key holds nothing that an agent writes";
  }
  read.row = std::move(row);
  return read;
}

ReadRow<LedgerCheckpointRow> read_checkpoint_row(const Tuple& tuple) {
  ReadRow<LedgerCheckpointRow> read{.row = {}, .key = place_text(tuple.value(0), tuple.value(1)), .words = {}};
  const auto size = count_of(tuple.value(1));
  const auto accepted_at = time_of(tuple.value(4));
  if (!size || !accepted_at) {
    read.words = "size or accepted_at is none that an agent writes";
    return read;
  }
  read.row = LedgerCheckpointRow{.epoch_id = uuid_of(tuple.value(0)),
                                 .size = *size,
                                 .root = std::string(tuple.value(2)),
                                 .note = std::string(tuple.value(3)),
                                 .accepted_at = *accepted_at};
  return read;
}

}  // namespace twinlog::postgres
