#include "ledger/note/note.h"

#include "ledger/base/base64.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr std::string_view kSignatureStart = "\xE2\x80\x94 ";  // An em dash and a space.

Error bad(const std::string& words) {
  return {ErrorKind::kInvalid, "not a signed note: " + words};
}

Result<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(kSignatureStart)) {
    return bad("a line of a signature does not begin with a dash and a space");
  }
  line.remove_prefix(kSignatureStart.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space))) {
    return bad("a signature has no name");
  }
  const auto bytes = from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() != sizeof(KeyId) + sizeof(Signature)) {
    return bad("a signature is not base64 of 68 bytes");
  }
  NoteSignature signature;
  signature.name = std::string(line.substr(0, space));
  signature.key_id = *array_from<sizeof(KeyId)>(std::string_view(*bytes).substr(0, sizeof(KeyId)));
  signature.signature = *array_from<sizeof(Signature)>(std::string_view(*bytes).substr(sizeof(KeyId)));
  return signature;
}

}  // namespace

std::string note_text(const SignedNote& note) {
  std::string bytes = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) {
    bytes.append(kSignatureStart).append(signature.name).append(" ");
    bytes.append(base64(std::string(as_text(signature.key_id)).append(as_text(signature.signature)))).append("\n");
  }
  return bytes;
}

Result<SignedNote> parse_note(std::string_view bytes) {
  if (bytes.size() > kMostNoteBytes) {
    return bad("it has " + std::to_string(bytes.size()) + " bytes");
  }
  if (!is_utf8(bytes)) {
    return bad("it is not UTF-8");
  }
  const std::size_t end = bytes.find("\n\n");
  if (end == std::string_view::npos || !bytes.ends_with('\n')) {
    return bad("it has no empty line before its signatures, or no line end behind them");
  }
  SignedNote note{.text = std::string(bytes.substr(0, end + 1))};
  for (std::string_view rest = bytes.substr(end + 2); !rest.empty();) {
    const std::size_t line_end = rest.find('\n');
    Result<NoteSignature> signature = parse_signature(rest.substr(0, line_end));
    if (!signature) {
      return signature.error();
    }
    note.signatures.push_back(std::move(*signature));
    rest.remove_prefix(line_end + 1);
  }
  if (note.signatures.empty() || note.signatures.size() > kMostSignatures) {
    return bad("it has " + std::to_string(note.signatures.size()) + " signatures");
  }
  if (note_text(note) != bytes) {
    return bad("it is not in the form that it would be written in");
  }
  return note;
}

void add_signature(SignedNote& note, const SigningKey& key) {
  note.signatures.push_back({key.name(), key_id(key.verifier()), key.sign(note.text)});
}

SignedBy signed_by(const SignedNote& note, const VerifierKey& key) {
  SignedBy found = SignedBy::kNo;
  for (const NoteSignature& signature : note.signatures) {
    if (signature.name == key.name && signature.key_id == key_id(key)) {
      if (is_signed_by(key.key, note.text, signature.signature)) {
        return SignedBy::kYes;
      }
      found = SignedBy::kWrong;
    }
  }
  return found;
}

}  // namespace twinlog
