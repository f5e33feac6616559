#include "ledger/record/cleanser.h"

#include <utility>

#include "ledger/base/bytes.h"
#include "ledger/record/json_number.h"
#include "ledger/record/json_writer.h"
#include "ledger/record/redaction.h"
#include "ledger/record/timestamp.h"

namespace twinlog {
namespace {

constexpr std::size_t kSessionHashDigits = 32;

}  // namespace

bool Cleanser::clean_value(std::uint32_t index) {
  return clean_range(index, tape_.end_of(index));
}

bool Cleanser::clean_member(std::uint32_t key) {
  return clean_range(key, tape_.end_of(key + 1));
}

bool Cleanser::clean_range(std::uint32_t begin, std::uint32_t end) {
  bool is_changed = false;
  for (std::uint32_t i = begin; i < end;) {
    std::uint32_t next = i + 1;
    switch (tape_.nodes[i].kind) {
      case NodeKind::kKey:
        is_changed = clean_key(i, next) || is_changed;
        break;
      case NodeKind::kString:
        is_changed = clean_text(i) || is_changed;
        break;
      case NodeKind::kNumber:
        if (clean_number(i)) {
          counts_.add(RepairRule::kNumber);
          is_changed = true;
        }
        break;
      default:
        break;
    }
    i = next;
  }
  return is_changed;
}

bool Cleanser::clean_key(std::uint32_t key, std::uint32_t& next) {
  const std::uint32_t value = key + 1;
  if (tape_.view(key) == kSessionIdName) {
    if (tape_.nodes[value].kind != NodeKind::kNull) {
      next = tape_.end_of(value);
      tape_.replace_value(value, session_hash(value));
    }
    return false;
  }
  bool is_changed = false;
  if (is_secret_value(value) && is_secret_key(tape_.view(key))) {
    next = tape_.end_of(value);
    counts_.add(RedactionRule::kKey);
    tape_.replace_value(value, redaction_mark(RedactionRule::kKey));
    is_changed = true;
  }
  return clean_text(key) || is_changed;
}

bool Cleanser::clean_text(std::uint32_t index) {
  const auto cleaned = redacted(tape_.view(index), counts_.redactions);
  const bool is_mended = tape_.nodes[index].is_mended;
  if (is_mended) {
    counts_.add(RepairRule::kCharacters);
  }
  if (cleaned) {
    tape_.set_text(index, *cleaned);
  }
  return cleaned.has_value() || is_mended;
}

bool Cleanser::clean_number(std::uint32_t index) {
  if (is_number_in_range(tape_.view(index))) {
    return false;
  }
  tape_.nodes[index].kind = NodeKind::kString;
  return true;
}

bool Cleanser::is_secret_value(std::uint32_t index) const {
  switch (tape_.nodes[index].kind) {
    case NodeKind::kTrue:
    case NodeKind::kFalse:
    case NodeKind::kNull:
      return false;
    case NodeKind::kString:
      return !rfc3339_time(tape_.view(index)).has_value();
    default:
      return true;
  }
}

std::string Cleanser::session_hash(std::uint32_t index) {
  HashedJson message;
  message.text.append(tenant_id_).push_back('\0');
  if (tape_.nodes[index].kind == NodeKind::kString) {
    message.text.append(tape_.view(index));
  } else {
    for (std::uint32_t i = index; i < tape_.end_of(index); ++i) {
      if (tape_.nodes[i].kind == NodeKind::kNumber) {
        clean_number(i);
      }
    }
    JsonWriter(tape_).append_value(message, index);
  }
  return hex(message.digest()).substr(0, kSessionHashDigits);
}

}  // namespace twinlog
