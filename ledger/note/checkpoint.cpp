#include "ledger/note/checkpoint.h"

#include <charconv>

#include "ledger/base/base64.h"

namespace twinlog {
namespace {

Error bad(const std::string& words) {
  return {ErrorKind::kInvalid, "not a checkpoint: " + words};
}

}  // namespace

std::string checkpoint_body(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.head.size) + "\n" +
         base64(as_text(checkpoint.head.root)) + "\n";
}

Result<Checkpoint> parse_checkpoint_body(std::string_view text) {
  const std::size_t first = text.find('\n');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\n', first + 1);
  const std::size_t third = second == std::string_view::npos ? second : text.find('\n', second + 1);
  if (third == std::string_view::npos || third + 1 != text.size()) {
    return bad("it does not have exactly three lines");
  }
  Checkpoint checkpoint{.origin = std::string(text.substr(0, first))};
  if (!is_key_name(checkpoint.origin)) {
    return bad("its origin is not 1 to 200 visible characters without a plus");
  }
  const std::string_view size = text.substr(first + 1, second - first - 1);
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), checkpoint.head.size);
  if (error != std::errc() || end != size.data() + size.size() || checkpoint.head.size == 0 ||
      checkpoint.head.size > kMostTreeSize) {
    return bad("its size is no number from 1 to " + std::to_string(kMostTreeSize));
  }
  const auto root = from_base64(text.substr(second + 1, third - second - 1));
  const auto digest = root ? array_from<sizeof(Digest)>(*root) : std::nullopt;
  if (!digest) {
    return bad("its root is not base64 of 32 bytes");
  }
  checkpoint.head.root = *digest;
  if (checkpoint_body(checkpoint) != text) {
    return bad("it is not in the form that it would be written in");
  }
  return checkpoint;
}

Result<SignedCheckpoint> parse_checkpoint(std::string_view note) {
  Result<SignedNote> parsed = parse_note(note);
  if (!parsed) {
    return parsed.error();
  }
  Result<Checkpoint> checkpoint = parse_checkpoint_body(parsed->text);
  if (!checkpoint) {
    return checkpoint.error();
  }
  return SignedCheckpoint{std::move(*checkpoint), std::move(*parsed)};
}

std::string sign_checkpoint(const TreeHead& head, const SigningKey& key, const SigningKey* second) {
  SignedNote note{.text = checkpoint_body({.origin = key.name(), .head = head})};
  add_signature(note, key);
  if (second != nullptr) {
    add_signature(note, *second);
  }
  return note_text(note);
}

}  // namespace twinlog
