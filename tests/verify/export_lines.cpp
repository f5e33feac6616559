#include "tests/verify/export_lines.h"

#include <string_view>

#include "ledger/base/base64.h"
#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"
#include "ledger/base/uuid.h"

namespace twinlog::testing {
namespace {

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out.append(c == '\n' ? "\\n" : std::string(c == '"' || c == '\\' ? 1 : 0, '\\') + c);
  }
  return out + "\"";
}

/// Writes members of one line in one of the two dialects.
class Line {
 public:
  explicit Line(ExportDialect dialect) : dialect_(dialect) {}
  Line& json(std::string_view name, const std::string& value) {
    out_.append(out_.empty() ? "{" : ",").append(in_quotes(name)).append(":").append(value);
    return *this;
  }
  Line& text(std::string_view name, const std::optional<std::string>& value) {
    return value ? json(name, in_quotes(*value)) : none(name);
  }
  Line& number(std::string_view name, std::int64_t value) {
    return json(name, is_document() ? R"({"$numberLong":")" + std::to_string(value) + "\"}" : std::to_string(value));
  }
  Line& binary(std::string_view name, std::string_view bytes) {
    return json(name, is_document() ? R"({"$binary":{"base64":")" + base64(bytes) + R"(","subType":"00"}})"
                                    : "\"\\\\x" + hex(bytes) + "\"");
  }
  Line& time(std::string_view name, UtcMicros time) {
    if (!is_document()) {
      std::string words = utc_micros_text(time);
      words.replace(words.size() - 1, 1, "+00:00");
      return json(name, in_quotes(words));
    }
    json(name, R"({"$date":{"$numberLong":")" + std::to_string(time / 1000) + "\"}}");
    return number(std::string(name) + "_us", time);
  }
  Line& maybe_time(std::string_view name, const std::optional<UtcMicros>& value) {
    return value ? time(name, *value) : none(name);
  }
  std::string end() const { return out_ + "}\n"; }
  bool is_document() const { return dialect_ == ExportDialect::kMongodb; }

 private:
  Line& none(std::string_view name) { return is_document() ? *this : json(name, "null"); }
  ExportDialect dialect_;
  std::string out_;
};

}  // namespace

std::string version_line(const LedgerRow& row, ExportDialect dialect) {
  const Version& version = row.version;
  const AuthEvent& event = version.event;
  Line line(dialect);
  if (line.is_document()) {
    line.text("_id", event.tenant_id + "/" + event.log_id + (row.is_conflict ? "/" + hex(version.content_hash) : ""));
  }
  line.text("tenant_id", event.tenant_id).text("log_id", event.log_id).text("event_type", event.event_type);
  line.time("occurred_at", event.occurred_at).text("user_id", event.user_id).text("username", event.username);
  line.text("ip", event.ip).text("account", event.account).text("lock_reason", event.lock_reason);
  line.text("user_agent", event.user_agent).text("channel", event.channel).text("service", event.service);
  line.text("auth_method", event.auth_method).text("session_ref", event.session_ref);
  line.text("request_id", event.request_id).text("failure_reason", event.failure_reason);
  if (event.lock_kind) {
    line.text("lock_kind", std::string(lock_kind_text(*event.lock_kind)));
  }
  if (event.metadata) {
    line.json("metadata", *event.metadata);
  }
  line.time("received_at", version.received_at).time("effective_at", version.effective_at).text("agent", version.agent);
  line.binary("content_hash", as_text(version.content_hash)).text("epoch_id", uuid_text(version.epoch_id));
  line.number("leaf_index", static_cast<std::int64_t>(version.leaf_index));
  if (!row.is_conflict) {
    line.json("has_conflict", row.has_conflict ? "true" : "false");
  }
  line.number("tenant_seq", static_cast<std::int64_t>(*row.tenant_seq)).number("ingress", 1);
  line.number("peer_uid", version.arrival.uid).number("peer_gid", version.arrival.gid);
  return line.binary("record_key", as_text(version.ledger->record_key)).end();
}

std::string account_line(const LedgerAccountRow& row, ExportDialect dialect) {
  const ShownAccount& shown = row.account;
  Line line(dialect);
  line.text("tenant_id", row.key.tenant_id).text("account", row.key.account);
  line.number("failed_login_attempts", shown.failed_login_attempts);
  line.maybe_time("account_locked_until", shown.account_locked_until);
  line.text("lock_kind", std::string(lock_kind_text(shown.lock_kind))).text("lock_reason", shown.lock_reason);
  line.maybe_time("last_failed_at", shown.last_failed_at).maybe_time("last_success_at", shown.last_success_at);
  line.maybe_time("last_locked_at", shown.last_locked_at).maybe_time("last_reset_at", shown.last_reset_at);
  line.text("organisation_id", shown.organisation_id).text("log_id", shown.log_id);
  return line.time("effective_at", shown.effective_at).binary("fold_state", row.state).end();
}

std::string epoch_line(const LedgerEpochRow& row, ExportDialect dialect) {
  Line line(dialect);
  return line.text("epoch_id", row.epoch_id)
      .text("origin", row.origin)
      .binary("open", row.open)
      .text("note", row.note)
      .end();
}

std::string tile_line(const LedgerTileRow& row, ExportDialect dialect) {
  Line line(dialect);
  line.text("epoch_id", uuid_text(row.epoch_id)).number("first_index", static_cast<std::int64_t>(row.first_index));
  line.number("leaf_count", static_cast<std::int64_t>(row.leaf_count)).time("first_accept_at", row.first_accept_at);
  return line.time("last_accept_at", row.last_accept_at).binary("hashes", row.hashes).end();
}

std::string leaf_line(const LedgerLeafRow& row, ExportDialect dialect) {
  Line line(dialect);
  line.text("epoch_id", uuid_text(row.epoch_id)).number("leaf_index", static_cast<std::int64_t>(row.leaf_index));
  line.binary("leaf", row.leaf).text("tenant_id", row.tenant_id).text("log_id", row.log_id);
  if (row.record_key) {
    line.number("tenant_seq", static_cast<std::int64_t>(*row.tenant_seq))
        .binary("record_key", as_text(*row.record_key));
  }
  return line.end();
}

std::string checkpoint_line(const LedgerCheckpointRow& row, ExportDialect dialect) {
  Line line(dialect);
  line.text("epoch_id", uuid_text(row.epoch_id)).number("size", static_cast<std::int64_t>(row.size));
  return line.binary("root", row.root).text("note", row.note).time("accepted_at", row.accepted_at).end();
}

}  // namespace twinlog::testing
