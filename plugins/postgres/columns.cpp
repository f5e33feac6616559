#include "plugins/postgres/columns.h"

#include <array>

#include "ledger/record/json_events.h"

namespace twinlog::postgres {
namespace {

Error unreadable(std::string_view column) {
  return {ErrorKind::kCorrupt,
          "column " + std::string(column) + " holds a value that no agent wrote; compare with the other store"};
}

template <std::string AuthEvent::*kMember>
Column required_text(std::string_view name) {
  return {.name = name,
          .type = kText,
          .put = [](ArrayBuilder& out, const Version& version) { out.bytes(version.event.*kMember); },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            into.version.event.*kMember = bytes;
            return {};
          }};
}

template <std::optional<std::string> AuthEvent::*kMember>
Column text(std::string_view name) {
  return {.name = name,
          .type = kText,
          .put = [](ArrayBuilder& out, const Version& version) { out.bytes_or_null(version.event.*kMember); },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            (into.version.event.*kMember).emplace(bytes);
            return {};
          }};
}

template <UtcMicros Version::*kMember>
Column agent_time(std::string_view name) {
  return {.name = name,
          .type = kTimestamp,
          .put = [](ArrayBuilder& out, const Version& version) { out.timestamp(version.*kMember); },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            into.version.*kMember = timestamp_value(bytes);
            return {};
          }};
}

/// content_hash and epoch_id.
template <auto kMember>
Column fixed_bytes(std::string_view name, ElementType type) {
  return {.name = name,
          .type = type,
          .put = [](ArrayBuilder& out, const Version& version) { out.bytes(as_text(version.*kMember)); },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            auto& member = into.version.*kMember;
            const auto value = array_from<sizeof(member)>(bytes);
            if (!value) {
              return unreadable("content_hash or epoch_id");
            }
            member = *value;
            return {};
          }};
}

Column occurred_at() {
  return {.name = "occurred_at",
          .type = kTimestamp,
          .put = [](ArrayBuilder& out, const Version& version) { out.timestamp(version.event.occurred_at); },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            into.version.event.occurred_at = timestamp_value(bytes);
            return {};
          }};
}

Column ip() {
  return {.name = "ip",
          .type = kInet,
          .put = [](ArrayBuilder& out,
                    const Version& version) { version.event.ip ? out.inet(*version.event.ip) : out.null(); },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            into.version.event.ip = inet_value(bytes);
            return {};
          }};
}

Column failed_login_attempts() {
  return {.name = "failed_login_attempts",
          .type = kInt4,
          .put =
              [](ArrayBuilder& out, const Version& version) {
                const auto& stated = version.event.failed_login_attempts;
                stated ? out.int4(*stated) : out.null();
              },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            into.version.event.failed_login_attempts = int4_value(bytes);
            return {};
          }};
}

Column account_locked_until() {
  return {.name = "account_locked_until",
          .type = kTimestamp,
          .put = [](ArrayBuilder& out,
                    const Version& version) { out.timestamp_or_null(version.event.account_locked_until); },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            into.version.event.account_locked_until = timestamp_value(bytes);
            return {};
          }};
}

Column lock_kind() {
  return {.name = "lock_kind",
          .type = kText,
          .put =
              [](ArrayBuilder& out, const Version& version) {
                const auto& kind = version.event.lock_kind;
                kind ? out.bytes(lock_kind_text(*kind)) : out.null();
              },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            for (const LockKind kind : {LockKind::kTemporary, LockKind::kPermanent}) {
              if (bytes == lock_kind_text(kind)) {
                into.version.event.lock_kind = kind;
                return {};
              }
            }
            return unreadable("lock_kind");
          }};
}

Column metadata() {
  return {
      .name = "metadata",
      .type = kJsonb,
      .put = [](ArrayBuilder& out,
                const Version& version) { version.event.metadata ? out.jsonb(*version.event.metadata) : out.null(); },
      // jsonb reorders keys and spells numbers in full: the canonical form is made anew.
      .take = [](StoredVersion& into, std::string_view bytes) -> Status {
        CanonicalJsonBuilder builder;
        Status read = visit_json(jsonb_value(bytes), builder);
        if (read.ok()) {
          into.version.event.metadata = builder.take();
        }
        return read;
      }};
}

/// unnest flattens an array of arrays, so the names travel joined; none of them holds a comma.
Column repaired() {
  return {.name = "repaired",
          .type = kText,
          .put =
              [](ArrayBuilder& out, const Version& version) {
                std::string joined;
                for (const std::string& field : version.event.repaired) {
                  joined += (joined.empty() ? "" : ",") + field;
                }
                joined.empty() ? out.null() : out.bytes(joined);
              },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            while (!bytes.empty()) {
              const std::string_view field = bytes.substr(0, bytes.find(','));
              into.version.event.repaired.emplace_back(field);
              bytes.remove_prefix(std::min(bytes.size(), field.size() + 1));
            }
            return {};
          },
          .insert_form = "string_to_array(v.repaired, ',')",
          .select_form = "array_to_string(repaired, ',')"};
}

Column agent() {
  return {.name = "agent",
          .type = kText,
          .put = [](ArrayBuilder& out, const Version& version) { out.bytes(version.agent); },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            into.version.agent = bytes;
            return {};
          }};
}

Column leaf_index() {
  return {
      .name = "leaf_index",
      .type = kInt8,
      .put = [](ArrayBuilder& out, const Version& version) { out.int8(static_cast<std::int64_t>(version.leaf_index)); },
      .take = [](StoredVersion& into, std::string_view bytes) -> Status {
        into.version.leaf_index = static_cast<std::uint64_t>(int8_value(bytes));
        return {};
      }};
}

Column tenant_seq() {
  return {.name = "tenant_seq",
          .type = kInt8,
          .put =
              [](ArrayBuilder& out, const Version& version) {
                version.ledger ? out.int8(static_cast<std::int64_t>(version.ledger->tenant_seq)) : out.null();
              },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            into.version.ledger.emplace().tenant_seq = static_cast<std::uint64_t>(int8_value(bytes));
            return {};
          }};
}

/// What came before the ledger has nothing of its arrival in the table.
Column ingress() {
  return {.name = "ingress",
          .type = kInt2,
          .put =
              [](ArrayBuilder& out, const Version& version) {
                const bool is_known = version.ledger && version.arrival.ingress != Ingress::kUnknown;
                is_known ? out.int2(static_cast<std::int16_t>(version.arrival.ingress)) : out.null();
              },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            for (const Ingress known : {Ingress::kUnix, Ingress::kHttp}) {
              if (int2_value(bytes) == static_cast<std::int16_t>(known)) {
                into.version.arrival.ingress = known;
                return {};
              }
            }
            return unreadable("ingress");
          }};
}

/// peer_uid and peer_gid.
template <std::uint32_t Arrival::*kMember>
Column peer(std::string_view name) {
  return {.name = name,
          .type = kInt8,
          .put =
              [](ArrayBuilder& out, const Version& version) {
                const std::uint32_t id = version.arrival.*kMember;
                version.ledger&& id != kNobody ? out.int8(id) : out.null();
              },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            const std::int64_t id = int8_value(bytes);
            if (id < 0 || id >= kNobody) {
              return unreadable("peer_uid or peer_gid");
            }
            into.version.arrival.*kMember = static_cast<std::uint32_t>(id);
            return {};
          }};
}

/// After tenant_seq: only with both is the version's leaf known.
Column record_key() {
  return {.name = "record_key",
          .type = kBytea,
          .put =
              [](ArrayBuilder& out, const Version& version) {
                version.ledger ? out.bytes(as_text(version.ledger->record_key)) : out.null();
              },
          .take = [](StoredVersion& into, std::string_view bytes) -> Status {
            const auto key = array_from<sizeof(RecordKey)>(bytes);
            if (!key) {
              return unreadable("record_key");
            }
            if (into.version.ledger) {
              into.version.ledger->record_key = *key;
            }
            return {};
          }};
}

using E = AuthEvent;

const auto& table() {
  static const auto all_columns = std::to_array<Column>({
      required_text<&E::tenant_id>("tenant_id"),
      required_text<&E::log_id>("log_id"),
      required_text<&E::event_type>("event_type"),
      occurred_at(),
      text<&E::organisation_id>("organisation_id"),
      text<&E::user_id>("user_id"),
      text<&E::username>("username"),
      text<&E::actor_id>("actor_id"),
      ip(),
      text<&E::remote_host>("remote_host"),
      text<&E::user_agent>("user_agent"),
      text<&E::channel>("channel"),
      text<&E::service>("service"),
      text<&E::auth_method>("auth_method"),
      text<&E::failure_reason>("failure_reason"),
      text<&E::failure_code>("failure_code"),
      text<&E::session_ref>("session_ref"),
      text<&E::request_id>("request_id"),
      failed_login_attempts(),
      account_locked_until(),
      lock_kind(),
      text<&E::lock_reason>("lock_reason"),
      text<&E::reset_reason>("reset_reason"),
      metadata(),
      agent_time<&Version::received_at>("received_at"),
      agent_time<&Version::effective_at>("effective_at"),
      agent(),
      text<&E::account>("account"),
      repaired(),
      fixed_bytes<&Version::content_hash>("content_hash", kBytea),
      fixed_bytes<&Version::epoch_id>("epoch_id", kUuid),
      leaf_index(),
      tenant_seq(),
      ingress(),
      peer<&Arrival::uid>("peer_uid"),
      peer<&Arrival::gid>("peer_gid"),
      record_key(),
  });
  return all_columns;
}

/// make(column, position) of every column, with commas.
template <typename Make>
std::string joined(Make make) {
  std::string list;
  for (std::size_t i = 0; i < columns().size(); ++i) {
    list += (i == 0 ? "" : ", ") + make(columns()[i], i);
  }
  return list;
}

}  // namespace

std::span<const Column> columns() {
  return table();
}

std::string column_names(std::string_view prefix) {
  return joined([&](const Column& column, std::size_t) { return std::string(prefix) + std::string(column.name); });
}

std::string column_selects(std::string_view table_name) {
  return joined([&](const Column& column, std::size_t) {
    return column.select_form.empty() ? std::string(table_name) + "." + std::string(column.name)
                                      : std::string(column.select_form);
  });
}

std::string insert_head(std::string_view table_name) {
  const std::string values = joined([](const Column& column, std::size_t) {
    return column.insert_form.empty() ? "v." + std::string(column.name) : std::string(column.insert_form);
  });
  const std::string arrays = joined([](const Column& column, std::size_t i) {
    return "$" + std::to_string(i + 1) + "::" + std::string(column.type.name) + "[]";
  });
  return "INSERT INTO " + std::string(table_name) + " AS t (" + column_names() + ") SELECT " + values +
         " FROM unnest(" + arrays + ") WITH ORDINALITY AS v(" + column_names() + ", ordinal) ORDER BY v.ordinal ";
}

std::vector<Parameter> column_arrays(std::span<const Version* const> versions) {
  std::vector<Parameter> parameters;
  for (const Column& column : columns()) {
    ArrayBuilder array(column.type);
    for (const Version* version : versions) {
      column.put(array, *version);
    }
    parameters.push_back(array.take_without_last_nulls());
  }
  return parameters;
}

}  // namespace twinlog::postgres
