#include "agent/cli/letter_page.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "agent/cli/json_members.h"
#include "ledger/record/version_json.h"

namespace twinlog {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write_text(Writer& writer, const char* name, std::string_view text) {
  writer.Key(name);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

}  // namespace

LetterView view_of(StoreId store, const DeadLetter& letter, LetterMembers members) {
  LetterView view{.store = store,
                  .leaf = letter.version.number,
                  .tenant_id = letter.version.event.tenant_id,
                  .log_id = letter.version.event.log_id,
                  .refused_at = utc_micros_text(letter.refused_at),
                  .code = letter.code,
                  .constraint = letter.constraint,
                  .where = letter.where,
                  .words = letter.words};
  if (members == LetterMembers::kRecord) {
    append_version_line(view.record, letter.version, VersionMembers::kAll);
    view.record.pop_back();
  }
  return view;
}

std::string letter_json(const LetterView& letter) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  write_text(writer, "store", store_name(letter.store));
  writer.Key("leaf");
  writer.Uint64(letter.leaf);
  write_text(writer, "tenant_id", letter.tenant_id);
  write_text(writer, "log_id", letter.log_id);
  write_text(writer, "refused_at", letter.refused_at);
  write_text(writer, "code", letter.code);
  write_text(writer, "constraint", letter.constraint);
  write_text(writer, "where", letter.where);
  write_text(writer, "words", letter.words);
  if (!letter.record.empty()) {
    writer.Key("record");
    writer.RawValue(letter.record.data(), letter.record.size(), rapidjson::kObjectType);
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<LetterView> read_letter(std::string_view json) {
  const auto parsed = parse_object(json);
  const auto store = parsed ? store_named(text_member(*parsed, "store")) : std::nullopt;
  if (!store || count_member(*parsed, "leaf") == 0) {
    return std::nullopt;
  }
  const rapidjson::Document& object = *parsed;
  return LetterView{.store = *store,
                    .leaf = count_member(object, "leaf"),
                    .tenant_id = std::string(text_member(object, "tenant_id")),
                    .log_id = std::string(text_member(object, "log_id")),
                    .refused_at = std::string(text_member(object, "refused_at")),
                    .code = std::string(text_member(object, "code")),
                    .constraint = std::string(text_member(object, "constraint")),
                    .where = std::string(text_member(object, "where")),
                    .words = std::string(text_member(object, "words"))};
}

std::optional<StoreId> store_named(std::string_view name) {
  for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
    if (name == store_name(store)) {
      return store;
    }
  }
  return std::nullopt;
}

}  // namespace twinlog
