#include "ledger/note/retirement.h"

#include <algorithm>

#include "ledger/note/checkpoint.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr std::string_view kHead = "twinlog.retired/v1\n";

Error bad(const std::string& words) {
  return {ErrorKind::kInvalid, "not a retirement: " + words};
}

}  // namespace

bool is_retirement_reason(std::string_view reason) {
  return !reason.empty() && reason.size() <= kMostReasonBytes && is_utf8(reason) &&
         std::ranges::none_of(reason, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string retirement_body(const Retirement& retirement) {
  return std::string(kHead) + checkpoint_body({.origin = retirement.origin, .head = retirement.head}) +
         retirement.reason + "\n";
}

Result<Retirement> parse_retirement_body(std::string_view text) {
  if (!text.starts_with(kHead)) {
    return bad("it does not begin with twinlog.retired/v1");
  }
  const std::string_view rest = text.substr(kHead.size());
  if (rest.empty() || rest.back() != '\n') {
    return bad("its last line has no end");
  }
  const std::size_t before_reason = rest.rfind('\n', rest.size() - 2);
  if (rest.size() < 2 || before_reason == std::string_view::npos) {
    return bad("it does not have exactly five lines");
  }
  Result<Checkpoint> tree = parse_checkpoint_body(rest.substr(0, before_reason + 1));
  if (!tree) {
    return bad("its tree is " + tree.error().message());
  }
  const std::string_view reason = rest.substr(before_reason + 1, rest.size() - before_reason - 2);
  if (!is_retirement_reason(reason)) {
    return bad("its reason is not 1 to " + std::to_string(kMostReasonBytes) + " bytes of plain text");
  }
  return Retirement{std::move(tree->origin), tree->head, std::string(reason)};
}

Result<SignedRetirement> parse_retirement(std::string_view note) {
  Result<SignedNote> parsed = parse_note(note);
  if (!parsed) {
    return parsed.error();
  }
  Result<Retirement> retirement = parse_retirement_body(parsed->text);
  if (!retirement) {
    return retirement.error();
  }
  return SignedRetirement{std::move(*retirement), std::move(*parsed)};
}

std::string sign_retirement(const Retirement& retirement, const SigningKey& key) {
  SignedNote note{.text = retirement_body(retirement)};
  add_signature(note, key);
  return note_text(note);
}

}  // namespace twinlog
