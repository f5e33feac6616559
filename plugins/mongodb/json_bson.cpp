#include "plugins/mongodb/json_bson.h"

#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "ledger/record/json_events.h"
#include "plugins/mongodb/key_encoding.h"

namespace twinlog::mongodb {
namespace {

/// Arrays in BSON are documents with the keys "0", "1", ...
class BsonBuilder final : public JsonVisitor {
 public:
  BsonBuilder(BsonWriter& writer, std::string_view key) : writer_(writer), key_(key) {}

  void begin_object() override {
    writer_.begin_document(next_key());
    levels_.push_back({});
  }
  void end_object() override { end(); }
  void begin_array() override {
    writer_.begin_array(next_key());
    levels_.push_back({.is_array = true});
  }
  void end_array() override { end(); }
  void key(std::string_view name) override { key_ = encode_key(name); }
  void string(std::string_view value) override { writer_.text(next_key(), value); }
  void integer(std::int64_t value) override { writer_.int64(next_key(), value); }
  void number(double value) override { writer_.real(next_key(), value); }
  void boolean(bool value) override { writer_.boolean(next_key(), value); }
  void null() override { writer_.null(next_key()); }

 private:
  struct Level {
    bool is_array = false;
    std::size_t elements = 0;
  };
  std::string next_key() {
    if (!levels_.empty() && levels_.back().is_array) {
      return std::to_string(levels_.back().elements++);
    }
    return key_;
  }
  void end() {
    levels_.pop_back();
    writer_.end();
  }

  BsonWriter& writer_;
  std::string key_;
  std::vector<Level> levels_;
};

constexpr int kDepthMost = 32;  // Far beyond what the event reader lets through.

bool walk_value(const bson_iter_t& field, JsonVisitor& visitor, int depth);

bool walk_members(const bson_iter_t& field, JsonVisitor& visitor, int depth, bool is_object) {
  bson_iter_t member;
  if (depth > kDepthMost || !bson_iter_recurse(&field, &member)) {
    return false;
  }
  std::set<std::string> names;
  while (bson_iter_next(&member)) {
    if (is_object) {
      const auto name = decode_key({bson_iter_key(&member), bson_iter_key_len(&member)});
      if (!name || !names.insert(*name).second) {
        return false;  // A name that stands twice shows one value to this reader, and the other one to that.
      }
      visitor.key(*name);
    }
    if (!walk_value(member, visitor, depth + 1)) {
      return false;
    }
  }
  return true;
}

bool walk_value(const bson_iter_t& field, JsonVisitor& visitor, int depth) {
  switch (bson_iter_type(&field)) {
    case BSON_TYPE_DOCUMENT: {
      visitor.begin_object();
      const bool walked = walk_members(field, visitor, depth, true);
      visitor.end_object();
      return walked;
    }
    case BSON_TYPE_ARRAY: {
      visitor.begin_array();
      const bool walked = walk_members(field, visitor, depth, false);
      visitor.end_array();
      return walked;
    }
    case BSON_TYPE_UTF8: {
      std::uint32_t size = 0;
      const char* data = bson_iter_utf8(&field, &size);
      visitor.string({data, size});
      return bson_utf8_validate(data, size, false);
    }
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
      visitor.integer(bson_iter_as_int64(&field));
      return true;
    case BSON_TYPE_DOUBLE: {
      const double value = bson_iter_double(&field);
      if (!std::isfinite(value)) {
        return false;  // JSON has none such.
      }
      visitor.number(value);
      return true;
    }
    case BSON_TYPE_BOOL:
      visitor.boolean(bson_iter_bool(&field));
      return true;
    case BSON_TYPE_NULL:
      visitor.null();
      return true;
    default:
      return false;
  }
}

}  // namespace

bool append_json_object(BsonWriter& writer, std::string_view key, std::string_view json) {
  BsonBuilder builder(writer, key);
  return json.starts_with('{') && visit_json(json, builder).ok();
}

Result<std::string> json_from_bson(const bson_iter_t& field) {
  CanonicalJsonBuilder builder;
  if (bson_iter_type(&field) != BSON_TYPE_DOCUMENT || !walk_value(field, builder, 0)) {
    return Error(ErrorKind::kCorrupt, "a record's metadata in the document store holds what twinlog never writes");
  }
  return builder.take();
}

}  // namespace twinlog::mongodb
