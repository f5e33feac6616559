#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <utility>

#include "agent/observe/escape.h"
#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

using std::chrono::microseconds;

/// Members of a JSON object one by one; text is escaped as in the log: C1, bidi controls and bad UTF-8 too.
class Json {
 public:
  Json& name(std::string_view text) {
    string(text);
    return *this;
  }
  void string(std::string_view text) {
    const std::string quoted = '"' + escape_log_value(text) + '"';
    writer_.RawValue(quoted.data(), quoted.size(), rapidjson::kStringType);
  }
  void text(std::string_view key, std::string_view value) { name(key).string(value); }
  void boolean(std::string_view key, bool value) { name(key).writer_.Bool(value); }
  void number(std::string_view key, std::uint64_t value) { name(key).writer_.Uint64(value); }
  void number(std::string_view key, const std::optional<std::uint64_t>& value) {
    value ? name(key).writer_.Uint64(*value) : name(key).writer_.Null();
  }
  void seconds(std::string_view key, const std::optional<microseconds>& value) {
    constexpr double kMicros = 1e6;
    value ? name(key).writer_.Double(static_cast<double>(value->count()) / kMicros) : name(key).writer_.Null();
  }
  void time(std::string_view key, const std::optional<UtcMicros>& value) {
    if (value) {
      text(key, utc_text(*value));
    } else {
      name(key).writer_.Null();
    }
  }
  void null(std::string_view key) { name(key).writer_.Null(); }
  void open_object() { writer_.StartObject(); }
  void close_object() { writer_.EndObject(); }
  void open_array(std::string_view key) { name(key).writer_.StartArray(); }
  void close_array() { writer_.EndArray(); }
  std::string done() const { return std::string(buffer_.GetString(), buffer_.GetSize()) + "\n"; }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

std::string_view phase_text(const HealthFacts& facts) {
  switch (facts.phase) {
    case Phase::kStarting:
      return "starting";
    case Phase::kRunning:
      return is_draining(facts) ? "draining" : "running";
    case Phase::kStopping:
      break;
  }
  return "stopping";
}

void write_error(Json& json, const CourierStatus& courier) {
  if (!courier.last_error) {
    json.null("last_error");
    return;
  }
  json.name("last_error").open_object();
  json.text("class", reaction_text(courier.last_error->reaction));
  json.text("code", courier.last_error->code);
  json.text("constraint", courier.last_error->constraint);
  json.text("words", courier.last_error->words);
  json.number("count", courier.failures_in_a_row);
  json.time("first_at", courier.first_failure_at);
  json.time("last_at", courier.last_failure_at);
  json.close_object();
}

void write_store(Json& json, const HealthFacts& facts, StoreId id) {
  const StoreFacts& store = facts_of(facts, id);
  const CourierStatus& courier = store.courier;
  json.open_object();
  json.text("name", store_name(id));
  json.boolean("enabled", store.is_enabled);
  json.boolean("connected", courier.is_connected);
  json.time("connected_since", courier.connected_since);
  json.number("backlog_events", store.backlog.events);
  json.number("backlog_bytes", store.backlog.bytes);
  json.seconds("oldest_unsent_age_seconds", oldest_age(facts, store));
  write_error(json, courier);
  json.seconds("next_try_in_seconds",
               courier.next_try_at
                   ? std::optional(std::max(microseconds{0}, std::chrono::duration_cast<microseconds>(
                                                                 *courier.next_try_at - facts.steady_now)))
                   : std::nullopt);
  json.number("delivered", courier.inserted + courier.duplicates + courier.conflicts);
  json.number("conflicts", courier.conflicts);
  json.number("rewinds", courier.rewinds);
  json.boolean("position_ahead", courier.is_position_ahead);
  json.time("incomplete_since", store.incomplete_since);
  json.seconds("clock_offset_seconds", known_clock_offset(facts, store));
  const DeadLetterCounts& letters = facts.spool.dead_letters.at(static_cast<std::size_t>(id));
  json.number("dead_letters", letters.letters);
  json.number("dead_letters_bytes", letters.bytes);
  json.number("dead_letters_accounts", letters.accounts);
  json.time("dead_letters_since", letters.oldest_refused_at);
  json.close_object();
}

void write_spool(Json& json, const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  const bool is_open = facts.phase != Phase::kStarting;
  json.name("spool").open_object();
  json.text("path", facts.known.spool_path);
  json.text("epoch_id", is_open && facts.ledger.has_epoch ? uuid_text(facts.epoch_id) : "");
  json.text("volume", facts.is_volume_ephemeral ? "ephemeral" : "durable");
  json.number("size_bytes", spool.disk_bytes);
  json.number("max_bytes", is_open ? spool.max_bytes : facts.known.spool_max_bytes);
  json.number("limit_bytes", is_open ? spool.limit_bytes : facts.known.spool_max_bytes);
  json.number("volume_free_bytes", spool.volume_free_bytes);
  json.number("records", spool.records());
  std::uint64_t waiting = 0;
  for (const StoreFacts& store : facts.stores) {
    waiting = std::max(waiting, store.is_enabled ? store.backlog.events : 0);
  }
  json.number("waiting", waiting);
  json.number("lost_events", lost_leaves(spool));
  json.number("acknowledged_lost_events", acknowledged_leaves(spool));
  json.number("damaged_copies", spool.damaged_copies);
  json.number("damaged_bytes", spool.damaged_bytes);
  json.number("dead_letters_max_bytes", spool.dead_letters_max);
  json.boolean("full", spool.is_full);
  json.boolean("only_base_types", spool.takes_only_base_types);
  json.boolean("writable", is_open && spool.writable);
  json.boolean("ballast", is_open && spool.has_ballast);
  json.seconds("full_in_seconds", spool.full_in ? std::optional<microseconds>(*spool.full_in) : std::nullopt);
  json.close_object();
}

void write_ledger(Json& json, const HealthFacts& facts) {
  const NotaryStatus& ledger = facts.ledger;
  const bool has_checkpoint = !ledger.newest_note.empty();
  json.name("ledger").open_object();
  json.text("verifier_key", ledger.enrolment_key);
  json.boolean("throw_away", ledger.is_throw_away);
  json.text("origin", ledger.origin);
  json.number("leaves", facts.tree.size);
  json.number("checkpoint_size", ledger.size);
  json.time("checkpoint_at", has_checkpoint ? std::optional(ledger.signed_at) : std::nullopt);
  json.number("checkpoints", ledger.checkpoints);
  json.number("gaps", ledger.gaps);
  json.close_object();
}

/// What was refused, since the start. A combination that never came is left out.
void write_intake(Json& json, const HealthFacts& facts) {
  json.name("intake").open_object();
  json.open_array("rejected");
  for (std::size_t i = 0; i < kEventRefusals; ++i) {
    std::uint64_t count = 0;
    for (const WayCounts& way : facts.intake) {
      count += way.refused.at(i);
    }
    if (count > 0) {
      json.open_object();
      json.text("field", rejected_field_text(refused_field(i)));
      json.text("reason", rejection_cause_text(refusal_cause(i)));
      json.number("count", count);
      json.close_object();
    }
  }
  json.close_array();
  json.open_array("requests");
  for (std::size_t i = 0; i < kIntakeStatuses.size(); ++i) {
    if (facts.http_requests.at(i) > 0) {
      json.open_object();
      json.number("code", std::uint64_t{kIntakeStatuses.at(i)});
      json.number("count", facts.http_requests.at(i));
      json.close_object();
    }
  }
  json.close_array();
  json.number("peers_refused", peers_refused(facts.intake));
  json.close_object();
}

void write_components(Json& json, const HealthReport& report) {
  json.open_array("components");
  for (const HealthComponent& component : report.components) {
    json.open_object();
    json.text("name", component.name);
    json.text("state", health_state_text(component.state));
    json.text("impact", component.impact);
    json.text("diagnosis", component.diagnosis);
    json.text("action", component.action);
    json.close_object();
  }
  json.close_array();
}

void write_warnings(Json& json, const HealthReport& report) {
  json.open_array("warnings");
  for (const HealthWarning& warning : report.warnings) {
    json.open_object();
    json.text("name", warning.name);
    json.text("words", warning.words);
    json.text("action", warning.action);
    json.close_object();
  }
  json.close_array();
}

}  // namespace

std::string health_json(const HealthFacts& facts, const HealthReport& report) {
  Json json;
  json.open_object();
  json.text("state", health_state_text(report.state));
  json.text("summary", report.summary);
  json.text("agent", facts.known.agent);
  json.text("version", facts.version);
  json.text("phase", phase_text(facts));
  json.time("started_at", facts.known.started_at);
  json.time("now", facts.now);
  write_components(json, report);
  json.open_array("stores");
  write_store(json, facts, StoreId::kPostgres);
  write_store(json, facts, StoreId::kMongodb);
  json.close_array();
  write_spool(json, facts);
  write_ledger(json, facts);
  write_intake(json, facts);
  write_warnings(json, report);
  json.close_object();
  return json.done();
}

}  // namespace twinlog
