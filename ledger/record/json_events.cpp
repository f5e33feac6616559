#include "ledger/record/json_events.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <variant>
#include <vector>

#include "ledger/record/json_number.h"
#include "ledger/record/json_tape.h"
#include "ledger/record/json_writer.h"

namespace twinlog {
namespace {

bool visit_number(std::string_view text, JsonVisitor& visitor) {
  const auto value = number_value(text);
  if (!value) {
    return false;
  }
  if (const auto* integer = std::get_if<std::int64_t>(&*value)) {
    visitor.integer(*integer);
  } else {
    visitor.number(std::get<double>(*value));
  }
  return true;
}

/// Turns nodes back into calls; an end comes when the walk reaches the index behind its container.
class TapeWalk {
 public:
  TapeWalk(const JsonTape& tape, JsonVisitor& visitor) : tape_(tape), visitor_(visitor) {}

  bool run() {
    for (std::uint32_t i = 0; i < tape_.nodes.size(); ++i) {
      close_before(i);
      if (!visit(i)) {
        return false;
      }
    }
    close_before(static_cast<std::uint32_t>(tape_.nodes.size()));
    return true;
  }

 private:
  void close_before(std::uint32_t index) {
    while (!open_.empty() && tape_.end_of(open_.back()) == index) {
      if (tape_.nodes[open_.back()].kind == NodeKind::kObject) {
        visitor_.end_object();
      } else {
        visitor_.end_array();
      }
      open_.pop_back();
    }
  }

  bool visit(std::uint32_t index) {
    switch (tape_.nodes[index].kind) {
      case NodeKind::kObject:
        open_.push_back(index);
        visitor_.begin_object();
        return true;
      case NodeKind::kArray:
        open_.push_back(index);
        visitor_.begin_array();
        return true;
      case NodeKind::kKey:
        visitor_.key(tape_.view(index));
        return true;
      case NodeKind::kNumber:
        return visit_number(tape_.view(index), visitor_);
      case NodeKind::kTrue:
      case NodeKind::kFalse:
        visitor_.boolean(tape_.nodes[index].kind == NodeKind::kTrue);
        return true;
      case NodeKind::kNull:
        visitor_.null();
        return true;
      default:
        visitor_.string(tape_.view(index));
        return true;
    }
  }

  const JsonTape& tape_;
  JsonVisitor& visitor_;
  std::vector<std::uint32_t> open_;
};

}  // namespace

Status visit_json(std::string_view json, JsonVisitor& visitor) {
  const auto tape = parse_json(json);
  if (!tape || tape->mended_count != 0 || !TapeWalk(*tape, visitor).run()) {
    return Error(ErrorKind::kCorrupt, "kept JSON text is not JSON; compare the record with the other store");
  }
  return {};
}

struct CanonicalJsonBuilder::State {
  JsonTape tape;
  std::vector<std::uint32_t> open;

  void add(NodeKind kind, std::string_view text = {}) {
    tape.nodes.push_back({.begin = static_cast<std::uint32_t>(tape.text.size()),
                          .size = static_cast<std::uint32_t>(text.size()),
                          .kind = kind});
    tape.text.append(text);
  }
  void begin(NodeKind kind) {
    open.push_back(static_cast<std::uint32_t>(tape.nodes.size()));
    add(kind);
    tape.depth = std::max(tape.depth, open.size());
  }
  void end() {
    tape.nodes[open.back()].size = static_cast<std::uint32_t>(tape.nodes.size());
    open.pop_back();
  }
};

CanonicalJsonBuilder::CanonicalJsonBuilder() : state_(std::make_unique<State>()) {}
CanonicalJsonBuilder::~CanonicalJsonBuilder() = default;
void CanonicalJsonBuilder::begin_object() {
  state_->begin(NodeKind::kObject);
}
void CanonicalJsonBuilder::end_object() {
  state_->end();
}
void CanonicalJsonBuilder::begin_array() {
  state_->begin(NodeKind::kArray);
}
void CanonicalJsonBuilder::end_array() {
  state_->end();
}
void CanonicalJsonBuilder::key(std::string_view name) {
  state_->add(NodeKind::kKey, name);
}
void CanonicalJsonBuilder::string(std::string_view value) {
  state_->add(NodeKind::kString, value);
}
void CanonicalJsonBuilder::boolean(bool value) {
  state_->add(value ? NodeKind::kTrue : NodeKind::kFalse);
}
void CanonicalJsonBuilder::null() {
  state_->add(NodeKind::kNull);
}

void CanonicalJsonBuilder::integer(std::int64_t value) {
  std::string text;
  append_integer(text, value);
  state_->add(NodeKind::kNumber, text);
}

void CanonicalJsonBuilder::number(double value) {
  std::string text;
  append_double(text, value);
  state_->add(NodeKind::kNumber, text);
}

std::string CanonicalJsonBuilder::take() {
  if (state_->tape.nodes.empty() || !state_->open.empty()) {
    std::abort();
  }
  std::string json;
  json.reserve(state_->tape.text.size() * 2);
  JsonWriter(state_->tape).append_value(json, 0);
  *state_ = State{};
  return json;
}

}  // namespace twinlog
