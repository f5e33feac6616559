#include "agent/cli/health_view.h"

#include <rapidjson/document.h>

namespace twinlog {
namespace {

const rapidjson::Value* find(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  return member == object.MemberEnd() ? nullptr : &member->value;
}

std::string text_of(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* value = find(object, name);
  return value != nullptr && value->IsString()
             ? shown_text(std::string_view(value->GetString(), value->GetStringLength()))
             : "";
}

std::uint64_t count_of(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* value = find(object, name);
  return value != nullptr && value->IsUint64() ? value->GetUint64() : 0;
}

std::optional<double> number_of(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* value = find(object, name);
  return value != nullptr && value->IsNumber() ? std::optional(value->GetDouble()) : std::nullopt;
}

bool is_true(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* value = find(object, name);
  return value != nullptr && value->IsTrue();
}

/// Calls `take` for every object of the array under `name`.
template <typename Take>
void for_each_object(const rapidjson::Value& object, const char* name, const Take& take) {
  const rapidjson::Value* array = find(object, name);
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
  store.is_enabled = is_true(object, "enabled");
  store.is_connected = is_true(object, "connected");
  store.backlog_events = count_of(object, "backlog_events");
  store.backlog_bytes = count_of(object, "backlog_bytes");
  store.oldest_age_seconds = number_of(object, "oldest_unsent_age_seconds");
  store.conflicts = count_of(object, "conflicts");
  store.incomplete_since = text_of(object, "incomplete_since");
  store.next_try_in_seconds = number_of(object, "next_try_in_seconds");
  if (const rapidjson::Value* error = find(object, "last_error"); error != nullptr && error->IsObject()) {
    store.error_class = text_of(*error, "class");
  }
  return store;
}

HealthView::Spool spool_of(const rapidjson::Value& object) {
  HealthView::Spool spool;
  spool.path = text_of(object, "path");
  spool.volume = text_of(object, "volume");
  spool.size_bytes = count_of(object, "size_bytes");
  spool.max_bytes = count_of(object, "max_bytes");
  spool.records = count_of(object, "records");
  spool.waiting = count_of(object, "waiting");
  spool.is_full = is_true(object, "full");
  spool.full_in_seconds = number_of(object, "full_in_seconds");
  return spool;
}

}  // namespace

std::optional<HealthView> read_health(std::string_view json) {
  if (json.find('\0') != std::string_view::npos) {
    return std::nullopt;  // The parser would take it for the end, and what follows would be shown.
  }
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject() || text_of(document, "state").empty() ||
      find(document, "components") == nullptr) {
    return std::nullopt;
  }
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
  if (const rapidjson::Value* spool = find(document, "spool"); spool != nullptr && spool->IsObject()) {
    view.spool = spool_of(*spool);
  }
  for_each_object(document, "warnings", [&view](const rapidjson::Value& object) {
    view.warnings.push_back({text_of(object, "name"), text_of(object, "words"), text_of(object, "action")});
  });
  return view;
}

}  // namespace twinlog
