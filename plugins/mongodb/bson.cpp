#include "plugins/mongodb/bson.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace twinlog::mongodb {
namespace {

constexpr std::int64_t kMicrosPerMilli = 1000;

std::int64_t floor_millis(UtcMicros time) {
  const std::int64_t quotient = time / kMicrosPerMilli;
  return time % kMicrosPerMilli < 0 ? quotient - 1 : quotient;
}

int length(std::string_view text) {
  return static_cast<int>(text.size());
}

/// Few names have one length.
bool is_before(std::string_view left, std::string_view right) {
  return left.size() != right.size() ? left.size() < right.size() : left < right;
}

}  // namespace

BsonWriter& BsonWriter::text(std::string_view key, std::string_view value) {
  ok_ = ok_ && bson_append_utf8(top(), key.data(), length(key), value.data(), length(value));
  return *this;
}

BsonWriter& BsonWriter::int32(std::string_view key, std::int32_t value) {
  ok_ = ok_ && bson_append_int32(top(), key.data(), length(key), value);
  return *this;
}

BsonWriter& BsonWriter::int64(std::string_view key, std::int64_t value) {
  ok_ = ok_ && bson_append_int64(top(), key.data(), length(key), value);
  return *this;
}

BsonWriter& BsonWriter::real(std::string_view key, double value) {
  ok_ = ok_ && bson_append_double(top(), key.data(), length(key), value);
  return *this;
}

BsonWriter& BsonWriter::boolean(std::string_view key, bool value) {
  ok_ = ok_ && bson_append_bool(top(), key.data(), length(key), value);
  return *this;
}

BsonWriter& BsonWriter::null(std::string_view key) {
  ok_ = ok_ && bson_append_null(top(), key.data(), length(key));
  return *this;
}

BsonWriter& BsonWriter::binary(std::string_view key, std::string_view bytes) {
  ok_ = ok_ && bson_append_binary(top(), key.data(), length(key), BSON_SUBTYPE_BINARY,
                                  reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                  static_cast<std::uint32_t>(bytes.size()));
  return *this;
}

BsonWriter& BsonWriter::date(std::string_view key, UtcMicros time) {
  ok_ = ok_ && bson_append_date_time(top(), key.data(), length(key), floor_millis(time));
  return *this;
}

BsonWriter& BsonWriter::time(std::string_view key, UtcMicros time) {
  return date(key, time).int64(std::string(key) + "_us", time);
}

BsonWriter& BsonWriter::time_or_null(std::string_view key, const std::optional<UtcMicros>& time) {
  return time ? this->time(key, *time) : null(key).null(std::string(key) + "_us");
}

BsonWriter& BsonWriter::text_or_null(std::string_view key, const std::optional<std::string>& value) {
  return value ? text(key, *value) : null(key);
}

BsonWriter& BsonWriter::document(std::string_view key, const Bson& value) {
  ok_ = ok_ && bson_append_document(top(), key.data(), static_cast<int>(key.size()), value.get());
  return *this;
}

BsonWriter& BsonWriter::begin_document(std::string_view key) {
  return begin(key, false);
}
BsonWriter& BsonWriter::begin_array(std::string_view key) {
  return begin(key, true);
}

BsonWriter& BsonWriter::begin(std::string_view key, bool is_array) {
  if (!ok_) {
    return *this;
  }
  bson_t* parent = top();
  Open& opened = open_.emplace_back();
  opened.is_array = is_array;
  ok_ = is_array ? bson_append_array_begin(parent, key.data(), length(key), &opened.child)
                 : bson_append_document_begin(parent, key.data(), length(key), &opened.child);
  if (!ok_) {
    open_.pop_back();
  }
  return *this;
}

BsonWriter& BsonWriter::end() {
  if (open_.empty()) {
    ok_ = false;
    return *this;
  }
  // The child's memory lies in its parent, so it is closed also after a failure.
  Open closing = open_.back();
  open_.pop_back();
  const bool ended =
      closing.is_array ? bson_append_array_end(top(), &closing.child) : bson_append_document_end(top(), &closing.child);
  ok_ = ok_ && ended;
  return *this;
}

BsonFields::BsonFields(const bson_t& document) : document_(document) {
  constexpr std::size_t kUsual = 40;
  entries_.reserve(kUsual);
  bson_iter_t iter;
  if (bson_iter_init(&iter, &document_)) {
    while (bson_iter_next(&iter)) {
      entries_.push_back({{bson_iter_key(&iter), bson_iter_key_len(&iter)}, bson_iter_offset(&iter)});
    }
  }
  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0U);
  std::sort(by_name_.begin(), by_name_.end(), [this](std::uint32_t left, std::uint32_t right) {
    const std::string_view one = entries_[left].name;
    const std::string_view other = entries_[right].name;
    return is_before(one, other) || (left < right && !is_before(other, one));
  });
}

std::optional<std::size_t> BsonFields::place_of(std::string_view key) const {
  const auto found = std::lower_bound(
      by_name_.begin(), by_name_.end(), key,
      [this](std::uint32_t place, std::string_view name) { return is_before(entries_[place].name, name); });
  return found == by_name_.end() || entries_[*found].name != key ? std::nullopt : std::optional<std::size_t>(*found);
}

BsonField BsonFields::at(std::size_t place) const {
  const Entry& entry = entries_[place];
  BsonField field;
  bson_iter_init_from_data_at_offset(&field.iter, bson_get_data(&document_), document_.len, entry.offset,
                                     static_cast<std::uint32_t>(entry.name.size()));
  return field;
}

std::optional<BsonField> BsonFields::find(std::string_view key) const {
  const auto place = place_of(key);
  return place ? std::optional(at(*place)) : std::nullopt;
}

std::optional<std::string> BsonFields::text(std::string_view key) const {
  const auto field = find(key);
  if (!field || bson_iter_type(&field->iter) != BSON_TYPE_UTF8) {
    return std::nullopt;
  }
  std::uint32_t size = 0;
  const char* data = bson_iter_utf8(&field->iter, &size);
  return std::string(data, size);
}

std::vector<std::string> BsonFields::texts(std::string_view key) const {
  std::vector<std::string> texts;
  const auto field = find(key);
  bson_iter_t element;
  if (!field || !bson_iter_recurse(&field->iter, &element)) {
    return texts;
  }
  while (bson_iter_next(&element)) {
    std::uint32_t size = 0;
    if (const char* data = bson_iter_utf8(&element, &size)) {
      texts.emplace_back(data, size);
    }
  }
  return texts;
}

std::optional<std::int64_t> BsonFields::integer(std::string_view key) const {
  const auto field = find(key);
  if (!field || (bson_iter_type(&field->iter) != BSON_TYPE_INT32 && bson_iter_type(&field->iter) != BSON_TYPE_INT64)) {
    return std::nullopt;
  }
  return bson_iter_as_int64(&field->iter);
}

std::optional<std::int64_t> BsonFields::number(std::string_view key) const {
  const auto field = find(key);
  return field && BSON_ITER_HOLDS_NUMBER(&field->iter) ? std::optional(bson_iter_as_int64(&field->iter)) : std::nullopt;
}

std::optional<bool> BsonFields::boolean(std::string_view key) const {
  const auto field = find(key);
  if (!field || bson_iter_type(&field->iter) != BSON_TYPE_BOOL) {
    return std::nullopt;
  }
  return bson_iter_bool(&field->iter);
}

std::optional<UtcMicros> BsonFields::date(std::string_view key) const {
  const auto field = find(key);
  if (!field || bson_iter_type(&field->iter) != BSON_TYPE_DATE_TIME) {
    return std::nullopt;
  }
  return bson_iter_date_time(&field->iter) * 1000;
}

std::optional<std::string> BsonFields::binary(std::string_view key) const {
  const auto field = find(key);
  if (!field || bson_iter_type(&field->iter) != BSON_TYPE_BINARY) {
    return std::nullopt;
  }
  bson_subtype_t subtype = BSON_SUBTYPE_BINARY;
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_binary(&field->iter, &subtype, &size, &data);
  return std::string(reinterpret_cast<const char*>(data), size);
}

std::optional<Bson> BsonFields::document(std::string_view key) const {
  const auto field = find(key);
  if (!field || bson_iter_type(&field->iter) != BSON_TYPE_DOCUMENT) {
    return std::nullopt;
  }
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_document(&field->iter, &size, &data);
  bson_t inner;
  std::optional<Bson> copy;
  if (bson_init_static(&inner, data, size)) {
    bson_concat(copy.emplace().get(), &inner);
  }
  return copy;
}

std::optional<UtcMicros> BsonFields::time(std::string_view key) const {
  return integer(std::string(key).append("_us"));
}

}  // namespace twinlog::mongodb
