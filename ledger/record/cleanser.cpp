#include "ledger/record/cleanser.h"

#include <string_view>
#include <utility>

#include "ledger/base/bytes.h"
#include "ledger/record/json_number.h"
#include "ledger/record/json_writer.h"
#include "ledger/record/redaction.h"

namespace twinlog {
namespace {

constexpr std::string_view kKeptSession = "sref:";
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
  const bool is_changed = clean_text(key);
  const KeyKind kind = key_kind(tape_.view(key));
  if (kind == KeyKind::kPlain || kind == KeyKind::kSignature || tape_.nodes[value].kind == NodeKind::kNull) {
    return is_changed;
  }
  if (kind == KeyKind::kSession) {
    next = tape_.end_of(value);
    if (!is_kept_session(value)) {
      tape_.replace_value(value, std::string(kKeptSession).append(session_hash(value)));
    }
    return is_changed;
  }
  if (!is_secret_value(kind, value)) {
    return is_changed;
  }
  next = tape_.end_of(value);
  counts_.add(RedactionRule::kKey);
  tape_.replace_value(value, redaction_mark(RedactionRule::kKey));
  return true;
}

bool Cleanser::clean_text(std::uint32_t index) {
  return put_text(index, redacted(tape_.view(index), counts_.redactions));
}

bool Cleanser::clean_name(std::uint32_t index) {
  return put_text(index, redacted_name(tape_.view(index), counts_.redactions));
}

bool Cleanser::put_text(std::uint32_t index, const std::optional<std::string>& cleaned) {
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

bool Cleanser::is_secret_value(KeyKind kind, std::uint32_t index) const {
  switch (tape_.nodes[index].kind) {
    case NodeKind::kTrue:
    case NodeKind::kFalse:
    case NodeKind::kNull:
      return false;
    case NodeKind::kString:
      return !is_plain_value(kind, tape_.view(index));
    case NodeKind::kNumber:
      return !is_count(tape_.view(index));
    default:
      return true;
  }
}

bool Cleanser::is_kept_session(std::uint32_t index) const {
  if (tape_.nodes[index].kind != NodeKind::kString) {
    return false;
  }
  const std::string_view text = tape_.view(index);
  return text.size() == kKeptSession.size() + kSessionHashDigits && text.starts_with(kKeptSession) &&
         text.find_first_not_of("0123456789abcdef", kKeptSession.size()) == std::string_view::npos;
}

std::string Cleanser::session_ref(std::uint32_t index) {
  return is_kept_session(index) ? std::string(tape_.view(index)) : session_hash(index);
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
