#include "ledger/verify/retired_note.h"

#include <vector>

#include "ledger/note/checkpoint.h"

namespace twinlog {
namespace {

constexpr std::string_view kHead = "twinlog.retired/v1\n";
constexpr std::size_t kMostReasonBytes = 200;

}  // namespace

std::optional<RetiredNote> read_retired_note(std::string_view text) {
  Result<SignedNote> note = parse_note(text);
  if (!note || !note->text.starts_with(kHead)) {
    return std::nullopt;
  }
  std::string_view body(note->text);
  body.remove_prefix(kHead.size());
  // Three lines of a checkpoint's body, then the reason.
  std::size_t end = 0;
  for (int line = 0; line < 3; ++line) {
    end = body.find('\n', end);
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    ++end;
  }
  const Result<Checkpoint> checkpoint = parse_checkpoint_body(body.substr(0, end));
  const std::string_view reason = body.substr(end);
  const bool is_line = reason.size() > 1 && reason.size() <= kMostReasonBytes + 1 && reason.find('\n') == reason.size() - 1;
  if (!checkpoint || !is_line) {
    return std::nullopt;
  }
  return RetiredNote{checkpoint->origin, checkpoint->head, std::string(reason.substr(0, reason.size() - 1)),
                     std::move(*note)};
}

}  // namespace twinlog
