// Bytes as a leaf, and as what is kept of an erased version. The first byte chooses.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/leaf/commitment.h"
#include "ledger/leaf/leaf.h"
#include "tests/fuzz/require.h"

namespace twinlog::fuzz {
namespace {

constexpr std::size_t kMostWords = 300;

void read_leaf(std::string_view bytes) {
  const Result<Leaf> leaf = parse_leaf(bytes);
  if (!leaf) {
    require(leaf.error().kind() == ErrorKind::kInvalid, "what is no leaf is invalid");
    require(leaf.error().message().size() < kMostWords, "a refusal is short");
    return;
  }
  const std::string again = encode_leaf(leaf->header, leaf->content);
  require(again.size() <= bytes.size(), "only tags of later builds are left out");
  require(again.size() < bytes.size() || again == bytes, "a leaf is written as it was read");
  const Result<Leaf> second = parse_leaf(again);
  require(second.has_value() && *second == *leaf, "a leaf that is written again is the same leaf");
}

void read_salts(std::string_view bytes) {
  const Result<KeptFields> kept = parse_salts(bytes);
  if (!kept) {
    return;
  }
  require(salts_bytes(*kept) == bytes, "salts are written as they were read");
  const AuthEvent empty;
  const Result<Digest> root = content_root(empty, *kept);
  require(!root || !kept->empty(), "an event whose fields have neither salt nor commitment has no root");
}

void run(std::string_view input) {
  if (input.empty()) {
    return;
  }
  if (input.front() % 2 == 0) {
    read_leaf(input.substr(1));
  } else {
    read_salts(input.substr(1));
  }
}

}  // namespace
}  // namespace twinlog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  twinlog::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
