// Writes JSON in the form of RFC 8785. Iterative: depth costs 8 bytes a level, never stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/record/json_tape.h"

namespace twinlog {

/// Appends a string with its quotes. `text` must be valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// JSON that is kept while it is short and only hashed when it is not: a few bytes of input can become many of output.
class HashedJson {
 public:
  std::string text;  ///< All of it, while size() is at most kMostKeptBytes; otherwise its end.
  static constexpr std::size_t kMostKeptBytes = 64U << 10U;

  /// Bytes of all that was written.
  std::size_t size() const { return spilled_ + text.size(); }
  /// Hashes and forgets all but the last byte, when it has become too long.
  void spill();
  /// SHA-256 of all that was written; at most once.
  Digest digest();

 private:
  std::optional<Sha256> hash_;
  std::size_t spilled_ = 0;
};

/// Writes values of one tape, whose numbers must all have a finite value.
class JsonWriter {
 public:
  explicit JsonWriter(const JsonTape& tape) : tape_(tape) {}

  /// Appends the value at `index`. Keys are sorted by UTF-16 code units; of equal keys the last in the text stays.
  void append_value(std::string& out, std::uint32_t index);

  void append_value(HashedJson& out, std::uint32_t index);

  /// Deepest nesting of what was written by one append_value so far: 0 for scalars.
  std::size_t depth() const { return depth_; }
  bool dropped_repeated_keys() const { return dropped_repeated_keys_; }

 private:
  struct Frame {
    std::uint32_t container;  // Node index.
    std::uint32_t place;      // Arrays: next element. Objects: size of members_ before its own keys.
  };

  void begin(std::string& out, std::uint32_t index);
  void next(std::string& out);
  void append_scalar(std::string& out, std::uint32_t index) const;
  void list_members(std::uint32_t object);

  const JsonTape& tape_;
  std::vector<Frame> frames_;
  std::vector<std::uint32_t> members_;  // Keys of the open objects still to be written, each object's last first.
  std::size_t depth_ = 0;
  bool dropped_repeated_keys_ = false;
};

}  // namespace twinlog
