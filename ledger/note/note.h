// Signed notes (C2SP signed-note), as strict as they can be: text, an empty line, 1 to 8 lines of signatures. What is
// parsed and written again is the same to the byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"
#include "ledger/note/signing_key.h"
#include "ledger/note/verifier_key.h"

namespace twinlog {

inline constexpr std::size_t kMostNoteBytes = 16U << 10U;
inline constexpr std::size_t kMostSignatures = 8;

struct NoteSignature {
  std::string name;
  KeyId key_id{};
  Signature signature{};
  bool operator==(const NoteSignature&) const = default;
};

struct SignedNote {
  std::string text;  ///< Ends with a line feed.
  std::vector<NoteSignature> signatures = {};
  bool operator==(const SignedNote&) const = default;
};

std::string note_text(const SignedNote& note);
/// kInvalid, in words.
Result<SignedNote> parse_note(std::string_view bytes);

void add_signature(SignedNote& note, const SigningKey& key);
enum class SignedBy : std::uint8_t {
  kYes,
  kNo,     ///< It has no signature of this name and key id.
  kWrong,  ///< It has one, and it does not hold.
};
SignedBy signed_by(const SignedNote& note, const VerifierKey& key);

}  // namespace twinlog
