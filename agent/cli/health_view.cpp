#include "agent/cli/health_view.h"

#include "agent/cli/json_members.h"

namespace twinlog {
namespace {

std::string text_of(const rapidjson::Value& object, const char* name) {
  return shown_text(text_member(object, name));
}

/// Calls `take` for every object of the array under `name`.
template <typename Take>
void for_each_object(const rapidjson::Value& object, const char* name, const Take& take) {
  const rapidjson::Value* array = find_member(object, name);
  if (array == nullptr || !array->IsArray()) {
    return;
  }
  for (const rapidjson::Value& element : array->GetArray()) {
    if (element.IsObject()) {
      take(element);
    }
  }
}

HealthView::Store store_of(const rapidjson::Value& object) {
  HealthView::Store store;
  store.name = text_of(object, "name");
  store.is_enabled = is_member_true(object, "enabled");
  store.is_connected = is_member_true(object, "connected");
  store.backlog_events = count_member(object, "backlog_events");
  store.backlog_bytes = count_member(object, "backlog_bytes");
  store.delivered = count_member(object, "delivered");
  store.oldest_age_seconds = number_member(object, "oldest_unsent_age_seconds");
  store.conflicts = count_member(object, "conflicts");
  store.incomplete_since = text_of(object, "incomplete_since");
  store.next_try_in_seconds = number_member(object, "next_try_in_seconds");
  store.dead_letters = count_member(object, "dead_letters");
  if (const rapidjson::Value* error = object_member(object, "last_error")) {
    store.error_class = text_of(*error, "class");
  }
  return store;
}

HealthView::Spool spool_of(const rapidjson::Value& object) {
  HealthView::Spool spool;
  spool.path = text_of(object, "path");
  spool.volume = text_of(object, "volume");
  spool.size_bytes = count_member(object, "size_bytes");
  spool.max_bytes = count_member(object, "max_bytes");
  spool.records = count_member(object, "records");
  spool.waiting = count_member(object, "waiting");
  spool.lost_events = count_member(object, "lost_events");
  spool.is_full = is_member_true(object, "full");
  spool.full_in_seconds = number_member(object, "full_in_seconds");
  return spool;
}

HealthView::Ledger ledger_of(const rapidjson::Value& object) {
  HealthView::Ledger ledger;
  ledger.leaves = count_member(object, "leaves");
  ledger.verifier_key = text_of(object, "verifier_key");
  ledger.checkpoint_at = text_of(object, "checkpoint_at");
  ledger.checkpoint_size = count_member(object, "checkpoint_size");
  ledger.is_throw_away = is_member_true(object, "throw_away");
  return ledger;
}

}  // namespace

std::optional<HealthView> read_health(std::string_view json) {
  const auto parsed = parse_object(json);
  if (!parsed || text_member(*parsed, "state").empty() || find_member(*parsed, "components") == nullptr) {
    return std::nullopt;
  }
  const rapidjson::Document& document = *parsed;
  HealthView view;
  view.state = text_of(document, "state");
  view.summary = text_of(document, "summary");
  view.agent = text_of(document, "agent");
  view.version = text_of(document, "version");
  view.phase = text_of(document, "phase");
  view.started_at = text_of(document, "started_at");
  view.now = text_of(document, "now");
  for_each_object(document, "components", [&view](const rapidjson::Value& object) {
    view.components.push_back({text_of(object, "name"), text_of(object, "state"), text_of(object, "impact"),
                               text_of(object, "diagnosis"), text_of(object, "action")});
  });
  for_each_object(document, "stores",
                  [&view](const rapidjson::Value& object) { view.stores.push_back(store_of(object)); });
  if (const rapidjson::Value* spool = object_member(document, "spool")) {
    view.spool = spool_of(*spool);
  }
  if (const rapidjson::Value* ledger = object_member(document, "ledger")) {
    view.ledger = ledger_of(*ledger);
  }
  for_each_object(document, "warnings", [&view](const rapidjson::Value& object) {
    view.warnings.push_back({text_of(object, "name"), text_of(object, "words"), text_of(object, "action")});
  });
  return view;
}

}  // namespace twinlog
