#include "ledger/note/archive.h"

#include <algorithm>

#include "ledger/base/base64.h"

namespace twinlog {
namespace {

constexpr std::string_view kWord = "checkpoint";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_of_base64(char c) {
  return is_letter_or_digit(c) || c == '+' || c == '/' || c == '=';
}

/// Where a word ends: `checkpoint_every` is another word.
bool is_of_word(char c) {
  return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.' || c == '/';
}

/// Between the word and its base64, as logs of different makes write it: checkpoint X, checkpoint=X, "checkpoint":"X".
bool is_between(char c) {
  return c == ' ' || c == '\t' || c == '=' || c == ':' || c == '"';
}

/// What stands behind the word at `place`; "" where the word is part of another or nothing stands there.
std::string_view word_behind(std::string_view line, std::size_t place) {
  std::string_view rest = line.substr(place + kWord.size());
  if ((place > 0 && is_of_word(line[place - 1])) || rest.empty() || !is_between(rest.front())) {
    return {};
  }
  rest.remove_prefix(static_cast<std::size_t>(std::ranges::find_if_not(rest, is_between) - rest.begin()));
  return rest.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(rest, is_of_base64) - rest.begin()));
}

bool is_prose(std::string_view word) {
  return word.size() < kLeastArchivedWord || std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

Status Archive::take_word(std::string_view word) {
  const std::string where = "line " + std::to_string(lines_) + ": ";
  const auto note = from_base64(word);
  if (!note) {
    return Error(ErrorKind::kInvalid, where + "what stands behind `checkpoint` is not whole base64");
  }
  Result<SignedCheckpoint> checkpoint = parse_checkpoint(*note);
  if (!checkpoint) {
    return Error(ErrorKind::kInvalid, where + checkpoint.error().message());
  }
  if (notes_.insert(*note).second) {
    bodies_.insert(checkpoint->note.text);
    checkpoints_.push_back({std::move(*checkpoint), lines_});
  }
  return {};
}

Status Archive::take_line(std::string_view line) {
  ++lines_;
  for (std::size_t place = line.find(kWord); place != std::string_view::npos; place = line.find(kWord, place + 1)) {
    const std::string_view word = word_behind(line, place);
    if (is_prose(word)) {
      continue;
    }
    if (Status taken = take_word(word); !taken) {
      return taken;
    }
  }
  return {};
}

bool Archive::has(const Checkpoint& checkpoint) const {
  return bodies_.contains(checkpoint_body(checkpoint));
}

Result<Archive> parse_archive(std::string_view text) {
  Archive archive;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (Status taken = archive.take_line(text.substr(0, end)); !taken) {
      return taken.error();
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return archive;
}

}  // namespace twinlog
