#include "plugins/mongodb/field_faults.h"

#include <optional>
#include <utility>

namespace twinlog::mongodb {
namespace {

constexpr std::int64_t kMicrosPerMilli = 1000;

bool is_list_of_texts(const BsonField& field) {
  bson_iter_t element;
  if (bson_iter_type(&field.iter) != BSON_TYPE_ARRAY || !bson_iter_recurse(&field.iter, &element)) {
    return false;
  }
  std::size_t number = 0;
  while (bson_iter_next(&element)) {
    if (bson_iter_type(&element) != BSON_TYPE_UTF8 || bson_iter_key(&element) != std::to_string(number++)) {
      return false;
    }
  }
  return number > 0;
}

bool is_plain_binary(const BsonField& field) {
  if (bson_iter_type(&field.iter) != BSON_TYPE_BINARY) {
    return false;
  }
  bson_subtype_t subtype = BSON_SUBTYPE_BINARY;
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_binary(&field.iter, &subtype, &size, &data);
  return subtype == BSON_SUBTYPE_BINARY;
}

bool has_type(const BsonField& field, FieldType type) {
  const bson_type_t found = bson_iter_type(&field.iter);
  switch (type) {
    case FieldType::kText:
      return found == BSON_TYPE_UTF8;
    case FieldType::kInt32:
      return found == BSON_TYPE_INT32;
    case FieldType::kInt64:
      return found == BSON_TYPE_INT64;
    case FieldType::kBoolean:
      return found == BSON_TYPE_BOOL;
    case FieldType::kBinary:
      return is_plain_binary(field);
    case FieldType::kDate:
      return found == BSON_TYPE_DATE_TIME;
    case FieldType::kTexts:
      return is_list_of_texts(field);
    case FieldType::kObject:
      return found == BSON_TYPE_DOCUMENT;
  }
  return false;
}

bool is_null(const BsonField& field) {
  return bson_iter_type(&field.iter) == BSON_TYPE_NULL;
}

std::int64_t floor_millis(std::int64_t micros) {
  return micros / kMicrosPerMilli - (micros % kMicrosPerMilli < 0 ? 1 : 0);
}

/// Looks at the fields of one document by the rules, and remembers which it has seen.
class FaultFinder {
 public:
  explicit FaultFinder(const BsonFields& fields) : fields_(fields), is_known_(fields.size()) {}

  void look(const FieldRule& rule) {
    const std::string_view name = rule.name;
    const auto field = take(name);
    if (rule.type != FieldType::kDate) {
      look_at(field, name, rule.type, rule.presence);
      return;
    }
    const std::string beside = std::string(name).append("_us");
    const auto micros = take(beside);
    const bool is_right = look_at(field, name, rule.type, rule.presence);
    if (look_at(micros, beside, FieldType::kInt64, rule.presence) && is_right) {
      look_at_date(field, micros, name);
    }
  }

  std::vector<std::string> take_all() {
    for (std::size_t place = 0; place < fields_.size(); ++place) {
      if (!is_known_[place]) {
        const bool is_second = fields_.place_of(fields_.name(place)) != place;
        note(fields_.name(place), is_second ? " is there twice" : " is a field that no agent writes");
      }
    }
    return std::move(faults_);
  }

 private:
  std::optional<BsonField> take(std::string_view name) {
    const auto place = fields_.place_of(name);
    if (!place) {
      return std::nullopt;
    }
    is_known_[*place] = true;
    return fields_.at(*place);
  }
  bool note(std::string_view name, std::string_view words) {
    faults_.push_back(std::string(name).append(words));
    return false;
  }
  /// Of the field itself, not of what stands beside it; whether it is right.
  bool look_at(const std::optional<BsonField>& field, std::string_view name, FieldType type, Presence presence) {
    if (!field) {
      return presence == Presence::kOrAbsent || note(name, " is not there");
    }
    const bool is_right = (presence == Presence::kOrNull && is_null(*field)) || has_type(*field, type);
    return is_right || note(name, " is of another type");
  }
  void look_at_date(const std::optional<BsonField>& date, const std::optional<BsonField>& micros,
                    std::string_view name) {
    if (date.has_value() != micros.has_value() || (date && is_null(*date) != is_null(*micros))) {
      note(name, " and its microseconds are not both there");
    } else if (date && !is_null(*date) &&
               bson_iter_date_time(&date->iter) != floor_millis(bson_iter_int64(&micros->iter))) {
      note(name, " is not the time of its microseconds");
    }
  }

  const BsonFields& fields_;
  std::vector<bool> is_known_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> field_faults(const BsonFields& fields, std::span<const FieldRule> rules) {
  FaultFinder finder(fields);
  for (const FieldRule& rule : rules) {
    finder.look(rule);
  }
  return finder.take_all();
}

}  // namespace twinlog::mongodb
