#include "plugins/mongodb/field_faults.h"

#include <algorithm>
#include <set>

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

/// Of the field itself, not of what stands beside it; "" for none.
std::string fault_of(const BsonFields& fields, const std::string& name, FieldType type, Presence presence) {
  const auto field = fields.find(name.c_str());
  if (!field) {
    return presence == Presence::kOrAbsent ? "" : name + " is not there";
  }
  if (presence == Presence::kOrNull && is_null(*field)) {
    return "";
  }
  return has_type(*field, type) ? "" : name + " is of another type";
}

std::string date_fault(const BsonFields& fields, const std::string& name) {
  const auto date = fields.find(name.c_str());
  const auto micros = fields.find((name + "_us").c_str());
  if (date.has_value() != micros.has_value() || (date && is_null(*date) != is_null(*micros))) {
    return name + " and its microseconds are not both there";
  }
  if (!date || is_null(*date)) {
    return "";
  }
  return bson_iter_date_time(&date->iter) == floor_millis(bson_iter_int64(&micros->iter))
             ? ""
             : name + " is not the time of its microseconds";
}

}  // namespace

std::vector<std::string> field_faults(const BsonFields& fields, std::span<const FieldRule> rules) {
  std::vector<std::string> faults;
  std::set<std::string> known;
  const auto note = [&faults](std::string fault) {
    if (!fault.empty()) {
      faults.push_back(std::move(fault));
      return true;
    }
    return false;
  };
  for (const FieldRule& rule : rules) {
    const std::string name(rule.name);
    known.insert(name);
    bool is_wrong = note(fault_of(fields, name, rule.type, rule.presence));
    if (rule.type == FieldType::kDate) {
      known.insert(name + "_us");
      is_wrong = note(fault_of(fields, name + "_us", FieldType::kInt64, rule.presence)) || is_wrong;
      if (!is_wrong) {
        note(date_fault(fields, name));
      }
    }
  }
  std::set<std::string> seen;
  for (const std::string& name : fields.names()) {
    if (!seen.insert(name).second) {
      faults.push_back(name + " is there twice");
    } else if (!known.contains(name)) {
      faults.push_back(name + " is a field that no agent writes");
    }
  }
  return faults;
}

}  // namespace twinlog::mongodb
