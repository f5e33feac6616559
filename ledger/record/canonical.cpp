#include "ledger/record/canonical.h"

#include <charconv>
#include <limits>

#include "ledger/record/content_fields.h"
#include "ledger/record/json_number.h"
#include "ledger/record/json_tape.h"
#include "ledger/record/json_writer.h"

namespace twinlog {
namespace {

// Most events fit; a longer one grows.
constexpr std::size_t kUsualContentBytes = 768;

/// Appends the fields that are there.
class ContentWriter {
 public:
  ContentWriter(std::string& out, const AuthEvent& event) : out_(out), event_(event) {}

  void write(const ContentField& field) {
    name_ = field.name;
    std::visit([this](auto place) { append(place); }, field.place);
  }

 private:
  void append_name() { out_.append(out_.size() > 1 ? ",\"" : "\"").append(name_).append("\":"); }
  // Empty only for a log_id that is still to be made.
  void append(RequiredText field) {
    if (!(event_.*field.place).empty()) {
      append_name();
      append_json_string(out_, event_.*field.place);
    }
  }
  void append(OptionalText field) {
    if (event_.*field.place) {
      append_name();
      append_json_string(out_, *(event_.*field.place));
    }
  }
  void append(OptionalJson field) {
    if (event_.*field.place) {
      append_name();
      out_.append(*(event_.*field.place));
    }
  }
  void append(RequiredTime field) {
    append_name();
    append_integer(out_, event_.*field.place);
  }
  void append(OptionalTime field) {
    if (event_.*field.place) {
      append_name();
      append_integer(out_, *(event_.*field.place));
    }
  }
  void append(OptionalCount field) {
    if (event_.*field.place) {
      append_name();
      append_integer(out_, *(event_.*field.place));
    }
  }
  void append(OptionalLockKind field) {
    if (event_.*field.place) {
      append_name();
      append_json_string(out_, lock_kind_text(*(event_.*field.place)));
    }
  }
  void append(NameList field) {
    const auto& names = event_.*field.place;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i == 0) {
        append_name();
      }
      out_.push_back(i == 0 ? '[' : ',');
      append_json_string(out_, names[i]);
    }
    if (!names.empty()) {
      out_.push_back(']');
    }
  }

  std::string& out_;
  const AuthEvent& event_;
  std::string_view name_;
};

/// Takes one value from a tape into its place; false when it is of another type.
class ContentTaker {
 public:
  ContentTaker(const JsonTape& tape, AuthEvent& event) : tape_(tape), event_(event) {}

  bool take(const ContentField& field, std::uint32_t value) {
    value_ = value;
    return std::visit([this](auto place) { return into(place); }, field.place);
  }

 private:
  bool is(NodeKind kind) const { return tape_.nodes[value_].kind == kind; }

  std::optional<std::int64_t> integer() const {
    if (!is(NodeKind::kNumber)) {
      return std::nullopt;
    }
    const std::string_view text = tape_.view(value_);
    std::int64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc() ? std::optional(value) : std::nullopt;
  }
  bool into(RequiredText field) {
    (event_.*field.place).assign(tape_.view(value_));
    return is(NodeKind::kString) && !(event_.*field.place).empty();
  }
  bool into(OptionalText field) {
    (event_.*field.place).emplace(tape_.view(value_));
    return is(NodeKind::kString) && !(event_.*field.place)->empty();
  }
  bool into(OptionalJson field) {
    if (!is(NodeKind::kObject)) {
      return false;
    }
    for (std::uint32_t i = value_; i < tape_.end_of(value_); ++i) {
      if (tape_.nodes[i].kind == NodeKind::kNumber && !number_value(tape_.view(i))) {
        return false;
      }
    }
    std::string& json = (event_.*field.place).emplace();
    JsonWriter(tape_).append_value(json, value_);
    return true;
  }
  bool into(RequiredTime field) {
    const auto value = integer();
    event_.*field.place = value.value_or(0);
    return value.has_value();
  }
  bool into(OptionalTime field) {
    event_.*field.place = integer();
    return (event_.*field.place).has_value();
  }
  bool into(OptionalCount field) {
    const auto value = integer();
    if (!value || *value < 0 || *value > std::numeric_limits<std::int32_t>::max()) {
      return false;
    }
    event_.*field.place = static_cast<std::int32_t>(*value);
    return true;
  }
  bool into(OptionalLockKind field) {
    const std::string_view text = is(NodeKind::kString) ? tape_.view(value_) : std::string_view();
    const LockKind kind = text == lock_kind_text(LockKind::kPermanent) ? LockKind::kPermanent : LockKind::kTemporary;
    event_.*field.place = kind;
    return text == lock_kind_text(kind);
  }
  bool into(NameList field) {
    if (!is(NodeKind::kArray)) {
      return false;
    }
    for (std::uint32_t i = value_ + 1; i < tape_.end_of(value_); ++i) {
      if (tape_.nodes[i].kind != NodeKind::kString) {
        return false;
      }
      (event_.*field.place).emplace_back(tape_.view(i));
    }
    return true;
  }

  const JsonTape& tape_;
  AuthEvent& event_;
  std::uint32_t value_ = 0;
};

// Both lists are sorted, so one walk over the fields serves all members.
bool take_members(const JsonTape& tape, AuthEvent& event) {
  if (tape.nodes[0].kind != NodeKind::kObject || tape.mended_count != 0) {
    return false;
  }
  ContentTaker taker(tape, event);
  const auto* field = kContentFields.begin();
  for (std::uint32_t key = 1; key < tape.nodes.size(); key = tape.end_of(key + 1)) {
    while (field != kContentFields.end() && field->name != tape.view(key)) {
      ++field;
    }
    if (field == kContentFields.end() || !taker.take(*field, key + 1)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string canonical_content(const AuthEvent& event) {
  std::string out;
  out.reserve(kUsualContentBytes + (event.metadata ? event.metadata->size() : 0));
  out.push_back('{');
  ContentWriter writer(out, event);
  for (const ContentField& field : kContentFields) {
    writer.write(field);
  }
  out.push_back('}');
  return out;
}

Digest content_hash(std::string_view canonical) {
  return sha256(canonical);
}

Result<AuthEvent> parse_content(std::string_view canonical) {
  AuthEvent event;
  const auto tape = parse_json(canonical);
  // Writing it again settles everything that the walk does not look at: order, missing members, form of numbers.
  if (!tape || !take_members(*tape, event) || event.tenant_id.empty() || event.log_id.empty() ||
      event.event_type.empty() || canonical_content(event) != canonical) {
    return Error(ErrorKind::kCorrupt, "the bytes are not the canonical content of an event; the copy is damaged");
  }
  return event;
}

}  // namespace twinlog
