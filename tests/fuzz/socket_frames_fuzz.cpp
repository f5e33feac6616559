// The same bytes in different pieces, on the socket and over HTTP: the answers must not depend on the pieces. The first
// byte chooses the protocol and how the bytes are cut.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "tests/fuzz/conversation.h"
#include "tests/fuzz/require.h"

namespace twinlog::fuzz {
namespace {

void require_equal(const std::string& answers, const std::string& whole, const char* property) {
  if (answers != whole) {
    std::fprintf(stderr, "--- answered:\n%s\n--- and to the whole:\n%s\n---\n", answers.c_str(), whole.c_str());
  }
  require(answers == whole, property);
}

constexpr std::size_t kMostBytewise = 96;
constexpr std::size_t kMostPieces = 64;  // More would only be slower.

/// A header that is longer than a header may be and malformed besides is refused for the one or the other, as its bytes
/// come. Both end the connection, so it is the last answer.
std::string with_one_word_for_refused_headers(std::string answers, std::size_t sent) {
  constexpr std::size_t kLongestHeader = 16U << 10U;
  if (sent <= kLongestHeader) {
    return answers;
  }
  const std::size_t last = answers.rfind("HTTP/1.1 ");
  const bool is_refusal = last != std::string::npos &&
                          (answers.compare(last + 9, 3, "400") == 0 || answers.compare(last + 9, 3, "431") == 0);
  return is_refusal ? answers.substr(0, last) + "refused" : answers;
}

void run(std::string_view input) {
  if (input.empty()) {
    return;
  }
  static Conversation conversation;
  const auto choice = static_cast<std::uint8_t>(input[0]);
  const Protocol protocol = (choice & 1U) == 0 ? Protocol::kLines : Protocol::kHttp;
  std::string bytes(input.substr(1));
  if (protocol == Protocol::kHttp) {
    // A faulty header is condemned when it has ended, or at once where it comes whole: so that it is in all cases, it
    // ends.
    bytes.append("\r\n\r\n");
  }
  const std::string whole = conversation.speak(protocol, bytes, [&](std::size_t) { return bytes.size(); });
  const std::size_t step = 1U + (choice >> 1U) + bytes.size() / kMostPieces;
  const auto uneven = [step](std::size_t at) { return 1 + (at * 31 + step) % step; };
  const std::string cut = conversation.speak(protocol, bytes, uneven);
  require_equal(with_one_word_for_refused_headers(cut, bytes.size()),
                with_one_word_for_refused_headers(whole, bytes.size()),
                "answers do not depend on how the bytes were cut");
  if (bytes.size() <= kMostBytewise) {
    require_equal(conversation.speak(protocol, bytes, [](std::size_t) -> std::size_t { return 1; }), whole,
                  "answers to single bytes are those to the whole");
  }
  if (protocol == Protocol::kLines) {
    require_equal(whole, conversation.expected_lines(bytes), "each line is answered as it is read alone, in order");
  }
}

}  // namespace
}  // namespace twinlog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  twinlog::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
