// As much JSON as twinlog_client.hpp needs: the members of an object, texts, and a writer of events. C++17, nothing
// else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twinlog_client {

/// A member of an object: its name without quotes and escapes, and where its value stands in the text.
struct Member {
  std::string name;
  std::string_view value;
};

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  /// The members of the object that the whole text is; nothing where it is none.
  std::optional<std::vector<Member>> members() {
    std::vector<Member> found;
    if (!take('{')) {
      return std::nullopt;
    }
    if (take('}')) {
      return at_end() ? std::optional(std::move(found)) : std::nullopt;
    }
    do {
      skip_space();
      const auto name = value();
      if (name.size() < 2 || name.front() != '"' || !take(':')) {
        return std::nullopt;
      }
      skip_space();
      const auto held = value();
      if (held.empty()) {
        return std::nullopt;
      }
      found.push_back({decoded(name), held});
    } while (take(','));
    return take('}') && at_end() ? std::optional(std::move(found)) : std::nullopt;
  }

  /// What a text in quotes says; what is no text says nothing.
  static std::string decoded(std::string_view quoted) {
    std::string out;
    if (quoted.size() < 2 || quoted.front() != '"') {
      return out;
    }
    const auto text = quoted.substr(1, quoted.size() - 2);
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '\\' || at + 1 == text.size()) {
        out += text[at];
        continue;
      }
      const char kind = text[++at];
      if (kind == 'u') {
        add_utf8(out, unit_at(text, at + 1));
        at += 4;
      } else {
        const auto place = std::string_view("bfnrt").find(kind);
        out += place == std::string_view::npos ? kind : "\b\f\n\r\t"[place];
      }
    }
    return out;
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }

  bool take(char expected) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != expected) {
      return false;
    }
    ++at_;
    return true;
  }

  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }

  /// Reads over one value; brackets are counted, texts are skipped as a whole.
  std::string_view value() {
    const auto begin = at_;
    int depth = 0;
    while (at_ < text_.size()) {
      const char letter = text_[at_];
      if (letter == '"') {
        skip_text();
      } else if (letter == '{' || letter == '[') {
        ++depth;
        ++at_;
      } else if (depth == 0 && std::string_view(",:}] \t\r\n").find(letter) != std::string_view::npos) {
        break;
      } else {
        depth -= letter == '}' || letter == ']' ? 1 : 0;
        ++at_;
      }
      if (depth == 0 && (letter == '"' || letter == '}' || letter == ']')) {
        break;
      }
    }
    return text_.substr(begin, at_ - begin);
  }

  void skip_text() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      at_ += text_[at_] == '\\' ? 1 : 0;
    }
    at_ = at_ < text_.size() ? at_ + 1 : text_.size();
  }

  static unsigned unit_at(std::string_view text, std::size_t at) {
    unsigned unit = 0;
    for (const char digit : text.substr(std::min(at, text.size()), 4)) {
      const auto place = std::string_view("0123456789abcdef").find(static_cast<char>(digit | 0x20));
      unit = unit * 16 + (place == std::string_view::npos ? 0 : static_cast<unsigned>(place));
    }
    return unit;
  }

  /// Halves of a pair come out as three bytes each; nothing here looks at them.
  static void add_utf8(std::string& out, unsigned unit) {
    if (unit < 0x80) {
      out += static_cast<char>(unit);
    } else if (unit < 0x800) {
      out += static_cast<char>(0xC0 | unit >> 6);
      out += static_cast<char>(0x80 | (unit & 0x3F));
    } else {
      out += static_cast<char>(0xE0 | unit >> 12);
      out += static_cast<char>(0x80 | (unit >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (unit & 0x3F));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// A text in quotes, with what JSON wants escaped.
inline std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (static_cast<unsigned char>(letter) < 0x20) {
      out += "\\u00";
      out += "01"[letter >> 4];
      out += "0123456789abcdef"[letter & 15];
    } else {
      out += letter;
    }
  }
  return out + '"';
}

/// Writes an event: Event().set("tenant_id", "acme").set("occurred_at", milliseconds).text()
class Event {
 public:
  Event& set(std::string_view name, std::string_view value) { return set_json(name, quoted(value)); }
  Event& set(std::string_view name, const char* value) { return set_json(name, quoted(value)); }
  Event& set(std::string_view name, std::int64_t value) { return set_json(name, std::to_string(value)); }
  /// A value that is JSON already, such as an object for metadata.
  Event& set_json(std::string_view name, std::string_view value) {
    members_ += members_.empty() ? "" : ",";
    members_.append(quoted(name)).append(":").append(value);
    return *this;
  }
  std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

}  // namespace twinlog_client
