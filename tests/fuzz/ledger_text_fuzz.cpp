// Bytes as each text that a verifier is given: notes, keys, trust files, archives, proofs, disclosures, and a proof
// with its disclosure behind a NUL. The first byte chooses.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/note/archive.h"
#include "ledger/note/checkpoint.h"
#include "ledger/note/retirement.h"
#include "ledger/note/trust_file.h"
#include "ledger/proof/check_proof.h"
#include "tests/fuzz/require.h"

namespace twinlog::fuzz {
namespace {

enum class Mode : std::uint8_t { kNote, kKey, kTrust, kArchive, kProof, kDisclosure, kBoth };
constexpr std::uint8_t kModes = 7;
constexpr std::size_t kMostWords = 400;

void require_short(const Error& error) {
  require(error.kind() == ErrorKind::kInvalid, "what is refused is invalid");
  require(!error.message().empty() && error.message().size() < kMostWords, "a refusal says why, and is short");
}

void read_note(std::string_view text) {
  const Result<SignedNote> note = parse_note(text);
  if (!note) {
    require_short(note.error());
    return;
  }
  require(note_text(*note) == text, "a note is written as it was read");
  const Result<Checkpoint> checkpoint = parse_checkpoint_body(note->text);
  require(!checkpoint || checkpoint_body(*checkpoint) == note->text, "a checkpoint is written as it was read");
  const Result<Retirement> retirement = parse_retirement_body(note->text);
  require(!retirement || retirement_body(*retirement) == note->text, "a retirement is written as it was read");
  require(!checkpoint || !retirement, "no retirement is a checkpoint");
}

void read_key(std::string_view text) {
  const Result<VerifierKey> key = parse_verifier_key(text);
  require(!key || verifier_key_text(*key) == text, "a verifier key is written as it was read");
  const Result<SigningKey> secret = parse_signing_key(text);
  require(!secret || secret->text() == text, "a signing key is written as it was read");
}

void read_trust(std::string_view text) {
  const Result<TrustFile> trust = parse_trust_file(text);
  if (!trust) {
    require_short(trust.error());
    return;
  }
  require(!trust->keys.empty(), "a trust file names a key");
}

void read_archive(std::string_view text) {
  const Result<Archive> archive = parse_archive(text);
  if (!archive) {
    require_short(archive.error());
    return;
  }
  for (const ArchivedCheckpoint& kept : archive->checkpoints()) {
    require(archive->has(kept.checkpoint.checkpoint), "an archive has what it took");
  }
}

void read_proof(std::string_view text) {
  const Result<TlogProof> proof = parse_tlog_proof(text);
  require(!proof || tlog_proof_text(*proof) == text, "a proof is written as it was read");
}

void read_disclosure(std::string_view text) {
  const Result<Disclosure> disclosure = parse_disclosure(text);
  if (disclosure) {
    const std::string again = disclosure_text(*disclosure);
    require(again == text || again == std::string(text) + "\n", "a disclosure is written as it was read");
  }
}

void read_both(std::string_view text) {
  const std::size_t end = std::min(text.find('\0'), text.size());
  const Result<ProofReport> report =
      check_proof(text.substr(0, end), text.substr(std::min(end + 1, text.size())), std::nullopt, {});
  if (report) {
    require(report->verdict != ProofVerdict::kProved, "nothing is proved to who trusts nobody");
    require(report->reasons.empty() == (report->verdict == ProofVerdict::kUnknownKey), "a refusal has a reason");
  }
}

void run(std::string_view input) {
  if (input.empty()) {
    return;
  }
  const std::string_view text = input.substr(1);
  switch (static_cast<Mode>(static_cast<std::uint8_t>(input.front()) % kModes)) {
    case Mode::kNote:
      return read_note(text);
    case Mode::kKey:
      return read_key(text);
    case Mode::kTrust:
      return read_trust(text);
    case Mode::kArchive:
      return read_archive(text);
    case Mode::kProof:
      return read_proof(text);
    case Mode::kDisclosure:
      return read_disclosure(text);
    case Mode::kBoth:
      return read_both(text);
  }
}

}  // namespace
}  // namespace twinlog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  twinlog::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
