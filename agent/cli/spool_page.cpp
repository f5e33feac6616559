#include "agent/cli/spool_page.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "agent/cli/json_members.h"

namespace twinlog {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write_text(Writer& writer, const char* name, const std::string& text) {
  writer.Key(name);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

/// "" is null.
void write_optional(Writer& writer, const char* name, const std::string& text) {
  if (text.empty()) {
    writer.Key(name);
    writer.Null();
  } else {
    write_text(writer, name, text);
  }
}

void write_number(Writer& writer, const char* name, std::uint64_t number) {
  writer.Key(name);
  writer.Uint64(number);
}

void write_store(Writer& writer, const StoreProgress& store) {
  writer.StartObject();
  write_text(writer, "name", store.name);
  writer.Key("enabled");
  writer.Bool(store.is_enabled);
  write_number(writer, "last_leaf", store.last_leaf);
  write_number(writer, "waiting", store.waiting);
  write_optional(writer, "incomplete_since", store.incomplete_since);
  writer.Key("last_error");
  if (store.error_class.empty()) {
    writer.Null();
  } else {
    writer.StartObject();
    write_text(writer, "class", store.error_class);
    write_text(writer, "code", store.error_code);
    write_text(writer, "words", store.error_words);
    writer.EndObject();
  }
  writer.EndObject();
}

StoreProgress store_of(const rapidjson::Value& object) {
  StoreProgress store;
  store.name = text_member(object, "name");
  const rapidjson::Value* const enabled = find_member(object, "enabled");
  store.is_enabled = enabled == nullptr || !enabled->IsFalse();
  store.last_leaf = count_member(object, "last_leaf");
  store.waiting = count_member(object, "waiting");
  store.incomplete_since = text_member(object, "incomplete_since");
  if (const rapidjson::Value* error = object_member(object, "last_error")) {
    store.error_class = text_member(*error, "class");
    store.error_code = text_member(*error, "code");
    store.error_words = text_member(*error, "words");
  }
  return store;
}

}  // namespace

std::string spool_page_json(const SpoolPage& page) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  write_text(writer, "path", page.path);
  write_text(writer, "epoch_id", page.epoch_id);
  write_optional(writer, "epoch_trouble", page.epoch_trouble);
  write_number(writer, "format", page.format);
  write_number(writer, "records", page.records());
  write_number(writer, "first_leaf", page.first_leaf);
  write_number(writer, "last_leaf", page.last_leaf);
  write_number(writer, "last_event", page.last_event);
  write_number(writer, "size_bytes", page.size_bytes);
  write_number(writer, "max_bytes", page.max_bytes);
  write_optional(writer, "oldest_received_at", page.oldest_received_at);
  write_optional(writer, "newest_received_at", page.newest_received_at);
  write_optional(writer, "drain_requested_at", page.drain_requested_at);
  writer.Key("stores");
  writer.StartArray();
  for (const StoreProgress& store : page.stores) {
    write_store(writer, store);
  }
  writer.EndArray();
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

std::optional<SpoolPage> read_spool_page(std::string_view json) {
  const auto parsed = parse_object(json);
  const rapidjson::Value* const stores = parsed ? find_member(*parsed, "stores") : nullptr;
  if (stores == nullptr || !stores->IsArray() || find_member(*parsed, "epoch_id") == nullptr) {
    return std::nullopt;
  }
  const rapidjson::Document& document = *parsed;
  SpoolPage page;
  page.path = text_member(document, "path");
  page.epoch_id = text_member(document, "epoch_id");
  page.epoch_trouble = text_member(document, "epoch_trouble");
  page.format = static_cast<std::uint32_t>(count_member(document, "format"));
  page.first_leaf = count_member(document, "first_leaf");
  page.last_leaf = count_member(document, "last_leaf");
  // An agent from before the ledger has events alone.
  page.last_event = find_member(document, "last_event") ? count_member(document, "last_event") : page.last_leaf;
  const std::uint64_t leaves = page.records();
  page.own_leaves = leaves - std::min(leaves, count_member(document, "records"));
  page.size_bytes = count_member(document, "size_bytes");
  page.max_bytes = count_member(document, "max_bytes");
  page.oldest_received_at = text_member(document, "oldest_received_at");
  page.newest_received_at = text_member(document, "newest_received_at");
  page.drain_requested_at = text_member(document, "drain_requested_at");
  for (const rapidjson::Value& store : stores->GetArray()) {
    if (!store.IsObject()) {
      return std::nullopt;
    }
    page.stores.push_back(store_of(store));
  }
  return page;
}

}  // namespace twinlog
