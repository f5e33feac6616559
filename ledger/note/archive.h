// The file of --checkpoints: checkpoints that somebody kept, for instance an agent's log. A line with the word
// `checkpoint` and base64 behind it is a note; every other line is passed over.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"
#include "ledger/note/checkpoint.h"

namespace twinlog {

/// A word behind `checkpoint` is taken for base64 from here on, unless it is made of small letters alone: prose.
inline constexpr std::size_t kLeastArchivedWord = 16;

struct ArchivedCheckpoint {
  SignedCheckpoint checkpoint;
  std::size_t line = 0;  ///< From 1.
};

class Archive {
 public:
  /// The next line, with its end or without. kInvalid names the line and the reason.
  Status take_line(std::string_view line);

  /// In the order of the lines, each note once.
  const std::vector<ArchivedCheckpoint>& checkpoints() const { return checkpoints_; }
  /// Whether it has this checkpoint, whoever signed it there.
  bool has(const Checkpoint& checkpoint) const;

 private:
  Status take_word(std::string_view word);

  std::size_t lines_ = 0;
  std::vector<ArchivedCheckpoint> checkpoints_;
  std::set<std::string, std::less<>> notes_;
  std::set<std::string, std::less<>> bodies_;
};

/// All of a text. A file that may be large is better taken line by line.
Result<Archive> parse_archive(std::string_view text);

}  // namespace twinlog
