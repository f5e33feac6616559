#include "ledger/record/json_writer.h"

#include <algorithm>
#include <array>

#include "ledger/base/bytes.h"
#include "ledger/record/json_number.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr auto kNeedsEscape = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i) {
    table[i] = true;
  }
  table['"'] = true;
  table['\\'] = true;
  return table;
}();

void append_escape(std::string& out, char c) {
  static constexpr std::string_view kShortFrom = "\"\\\b\f\n\r\t";
  static constexpr std::string_view kShortTo = "\"\\bfnrt";
  const std::size_t place = kShortFrom.find(c);
  out.push_back('\\');
  if (place != std::string_view::npos) {
    out.push_back(kShortTo[place]);
  } else {
    out.append("u00").append(hex(std::string_view(&c, 1)));
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + 4);  // A long text alone would double the room for its closing quote.
  out.push_back('"');
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kNeedsEscape[static_cast<std::uint8_t>(text[i])]) {
      out.append(text.substr(kept, i - kept));
      append_escape(out, text[i]);
      kept = i + 1;
    }
  }
  out.append(text.substr(kept)).push_back('"');
}

void HashedJson::spill() {
  if (text.size() > kMostKeptBytes) {
    if (!hash_) {
      hash_.emplace();
    }
    hash_->add(std::string_view(text).substr(0, text.size() - 1));
    spilled_ += text.size() - 1;
    text = std::string(1, text.back());
  }
}

Digest HashedJson::digest() {
  if (!hash_) {
    return sha256(text);
  }
  hash_->add(text);
  return hash_->finish();
}

void JsonWriter::append_value(HashedJson& out, std::uint32_t index) {
  depth_ = 0;
  begin(out.text, index);
  while (!frames_.empty()) {
    next(out.text);
    out.spill();
  }
}

void JsonWriter::append_value(std::string& out, std::uint32_t index) {
  depth_ = 0;
  begin(out, index);
  while (!frames_.empty()) {
    next(out);
  }
}

void JsonWriter::begin(std::string& out, std::uint32_t index) {
  const NodeKind kind = tape_.nodes[index].kind;
  if (kind != NodeKind::kObject && kind != NodeKind::kArray) {
    append_scalar(out, index);
    return;
  }
  if (frames_.capacity() == 0) {
    frames_.reserve(std::min<std::size_t>(tape_.depth, tape_.end_of(index) - index));
  }
  if (kind == NodeKind::kObject) {
    frames_.push_back({index, static_cast<std::uint32_t>(members_.size())});
    list_members(index);
    out.push_back('{');
  } else {
    frames_.push_back({index, index + 1});
    out.push_back('[');
  }
  depth_ = std::max(depth_, frames_.size());
}

// Writes one member or element of the innermost open container, or closes it.
void JsonWriter::next(std::string& out) {
  Frame& frame = frames_.back();
  if (tape_.nodes[frame.container].kind == NodeKind::kArray) {
    if (frame.place == tape_.end_of(frame.container)) {
      out.push_back(']');
      frames_.pop_back();
      return;
    }
    const std::uint32_t element = frame.place;
    if (element != frame.container + 1) {
      out.push_back(',');
    }
    frame.place = tape_.end_of(element);
    begin(out, element);
    return;
  }
  if (members_.size() == frame.place) {
    out.push_back('}');
    frames_.pop_back();
    return;
  }
  const std::uint32_t key = members_.back();
  members_.pop_back();
  if (out.back() != '{') {
    out.push_back(',');
  }
  append_json_string(out, tape_.view(key));
  out.push_back(':');
  begin(out, key + 1);
}

void JsonWriter::append_scalar(std::string& out, std::uint32_t index) const {
  switch (tape_.nodes[index].kind) {
    case NodeKind::kString:
      return append_json_string(out, tape_.view(index));
    case NodeKind::kReplacement:
      return append_json_string(out, tape_.replacement(index));
    case NodeKind::kNumber:
      return append_number(out, tape_.view(index));
    case NodeKind::kTrue:
      out.append("true");
      return;
    case NodeKind::kFalse:
      out.append("false");
      return;
    default:
      out.append("null");
      return;
  }
}

void JsonWriter::list_members(std::uint32_t object) {
  const std::size_t before = members_.size();
  const std::uint32_t end = tape_.end_of(object);
  for (std::uint32_t key = object + 1; key != end; key = tape_.end_of(key + 1)) {
    members_.push_back(key);
  }
  const auto first = members_.begin() + static_cast<std::ptrdiff_t>(before);
  // Descending, because they are taken off the back; of equal keys the one that comes last in the text is first here.
  std::sort(first, members_.end(), [this](std::uint32_t left, std::uint32_t right) {
    const std::string_view left_key = tape_.view(left);
    const std::string_view right_key = tape_.view(right);
    return left_key == right_key ? left > right : utf16_less(right_key, left_key);
  });
  const auto kept = std::unique(first, members_.end(), [this](std::uint32_t left, std::uint32_t right) {
    return tape_.view(left) == tape_.view(right);
  });
  dropped_repeated_keys_ = dropped_repeated_keys_ || kept != members_.end();
  members_.erase(kept, members_.end());
}

}  // namespace twinlog
