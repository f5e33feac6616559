#include "ledger/proof/tlog_proof.h"

#include <charconv>
#include <optional>

#include "ledger/base/base64.h"

namespace twinlog {
namespace {

constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";

Error bad(const std::string& words) {
  return {ErrorKind::kInvalid, "not a proof: " + words};
}

/// Takes the next line off, without its end; nothing where no whole line is left.
std::optional<std::string_view> next_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> index_of(std::string_view line) {
  if (!line.starts_with(kIndex)) {
    return std::nullopt;
  }
  line.remove_prefix(kIndex.size());
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), index);
  return error == std::errc() && end == line.data() + line.size() ? std::optional(index) : std::nullopt;
}

/// The hashes up to the empty line, which is taken too.
Result<std::vector<Digest>> take_hashes(std::string_view& rest) {
  std::vector<Digest> hashes;
  while (true) {
    const auto line = next_line(rest);
    if (!line) {
      return bad("no empty line stands before its checkpoint");
    }
    if (line->empty()) {
      return hashes;
    }
    const auto bytes = from_base64(*line);
    const auto hash = bytes ? array_from<sizeof(Digest)>(*bytes) : std::nullopt;
    if (!hash) {
      return bad("a hash is not base64 of 32 bytes");
    }
    if (hashes.size() == kMostProofHashes) {
      return bad("it has more than " + std::to_string(kMostProofHashes) + " hashes");
    }
    hashes.push_back(*hash);
  }
}

}  // namespace

std::string tlog_proof_text(const TlogProof& proof) {
  std::string text = std::string(kTlogProofHead) + "\n";
  text.append(kExtra).append(base64(proof.leaf)).append("\n");
  text.append(kIndex).append(std::to_string(proof.index)).append("\n");
  for (const Digest& hash : proof.hashes) {
    text.append(base64(as_text(hash))).append("\n");
  }
  return text + "\n" + proof.note;
}

Result<TlogProof> parse_tlog_proof(std::string_view text) {
  if (text.size() > kMostTlogProofBytes) {
    return bad("it has " + std::to_string(text.size()) + " bytes");
  }
  std::string_view rest = text;
  if (next_line(rest) != kTlogProofHead) {
    return bad("it does not begin with the line " + std::string(kTlogProofHead));
  }
  TlogProof proof;
  const auto extra = next_line(rest);
  auto leaf = extra && extra->starts_with(kExtra) ? from_base64(extra->substr(kExtra.size())) : std::nullopt;
  if (!leaf || leaf->empty()) {
    return bad("its second line is not `extra` and the base64 of a leaf");
  }
  proof.leaf = std::move(*leaf);
  const auto index = index_of(next_line(rest).value_or(std::string_view()));
  if (!index) {
    return bad("its third line is not `index` and a number");
  }
  proof.index = *index;
  Result<std::vector<Digest>> hashes = take_hashes(rest);
  if (!hashes) {
    return hashes.error();
  }
  proof.hashes = std::move(*hashes);
  proof.note = std::string(rest);
  if (tlog_proof_text(proof) != text) {
    return bad("it is not in the form that it would be written in");
  }
  return proof;
}

}  // namespace twinlog
