#include "ledger/record/json_tape.h"

#include <rapidjson/reader.h>
#include <rapidjson/stream.h>

#include "ledger/record/mend.h"

namespace twinlog {
namespace {

constexpr std::uint32_t kNoParent = 0xFFFFFFFF;
// RapidJSON keeps two 32-bit numbers for each open object or array.
constexpr std::size_t kParserBytesPerLevel = 8;

/// Takes RapidJSON's calls and lays the nodes down.
class TapeBuilder {
 public:
  TapeBuilder(JsonTape& tape, const std::vector<std::uint32_t>& mended) : tape_(tape), mended_(mended) {}

  bool Null() { return add(NodeKind::kNull); }                                       // NOLINT: RapidJSON's names
  bool Bool(bool value) { return add(value ? NodeKind::kTrue : NodeKind::kFalse); }  // NOLINT
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {                 // NOLINT
    return add_text(NodeKind::kNumber, text, size);
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {  // NOLINT
    if (size > 0 && text[0] == kNumberMark) {
      return add_text(NodeKind::kNumber, text + 1, size - 1);
    }
    return add_string(NodeKind::kString, text, size);
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {  // NOLINT
    const bool is_marked_number = size > 0 && text[0] == kNumberMark;
    return !is_marked_number && add_string(NodeKind::kKey, text, size);
  }
  bool StartObject() { return open(NodeKind::kObject); }   // NOLINT
  bool StartArray() { return open(NodeKind::kArray); }     // NOLINT
  bool EndObject(rapidjson::SizeType) { return close(); }  // NOLINT
  bool EndArray(rapidjson::SizeType) { return close(); }   // NOLINT
  // Never called: numbers arrive as text.
  bool Int(int) { return false; }               // NOLINT
  bool Uint(unsigned) { return false; }         // NOLINT
  bool Int64(std::int64_t) { return false; }    // NOLINT
  bool Uint64(std::uint64_t) { return false; }  // NOLINT
  bool Double(double) { return false; }         // NOLINT

 private:
  bool add(NodeKind kind) {
    tape_.nodes.push_back({.kind = kind});
    return true;
  }
  bool add_text(NodeKind kind, const char* text, std::size_t size) {
    const auto begin = static_cast<std::uint32_t>(text - tape_.text.data());
    tape_.nodes.push_back({.begin = begin, .size = static_cast<std::uint32_t>(size), .kind = kind});
    return true;
  }
  bool add_string(NodeKind kind, const char* text, std::size_t size) {
    add_text(kind, text, size);
    JsonNode& node = tape_.nodes.back();
    if (tape_.mended_count < mended_.size() && mended_[tape_.mended_count] == node.begin) {
      node.is_mended = true;
      ++tape_.mended_count;
    }
    return true;
  }
  // Until it is closed, a container keeps the index of its parent where its end will stand.
  bool open(NodeKind kind) {
    const auto index = static_cast<std::uint32_t>(tape_.nodes.size());
    tape_.nodes.push_back({.size = open_, .kind = kind});
    open_ = index;
    return true;
  }
  bool close() {
    JsonNode& node = tape_.nodes[open_];
    open_ = node.size;
    node.size = static_cast<std::uint32_t>(tape_.nodes.size());
    return true;
  }

  JsonTape& tape_;
  const std::vector<std::uint32_t>& mended_;
  std::uint32_t open_ = kNoParent;
};

}  // namespace

void JsonTape::set_text(std::uint32_t index, std::string_view words) {
  nodes[index].begin = static_cast<std::uint32_t>(text.size());
  nodes[index].size = static_cast<std::uint32_t>(words.size());
  text.append(words);
}

void JsonTape::replace_value(std::uint32_t index, std::string_view words) {
  const std::uint32_t end = end_of(index);
  nodes[index] = {.begin = static_cast<std::uint32_t>(text.size()),
                  .size = end,
                  .kind = NodeKind::kReplacement,
                  .is_mended = false};
  text.push_back(static_cast<char>(static_cast<std::uint8_t>(words.size())));
  text.append(words);
}

std::string_view JsonTape::replacement(std::uint32_t index) const {
  const std::size_t begin = nodes[index].begin;
  return std::string_view(text).substr(begin + 1, static_cast<std::uint8_t>(text[begin]));
}

std::optional<JsonTape> parse_json(std::string_view raw) {
  MendedJson mended = mend_json(raw);
  if (!mended.is_balanced) {
    return std::nullopt;
  }
  JsonTape tape;
  tape.text = std::move(mended.text);
  tape.depth = mended.depth;
  tape.nodes.reserve(mended.most_nodes);
  TapeBuilder builder(tape, mended.mended_strings);
  rapidjson::InsituStringStream stream(tape.text.data());
  rapidjson::Reader reader(nullptr, (mended.depth + 1) * kParserBytesPerLevel);
  constexpr unsigned kFlags =
      rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  if (reader.Parse<kFlags>(stream, builder).IsError()) {
    return std::nullopt;
  }
  return tape;
}

}  // namespace twinlog
