// One connection to a session of ours, spoken by hand in pieces: a socket pair and the session's loop, stepped on this
// thread, so that the same pieces always give the same answers.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace twinlog::fuzz {

enum class Protocol { kLines, kHttp };

inline constexpr std::size_t kMostEvent = 1024;
inline constexpr std::size_t kMostBody = 4096;
inline constexpr std::size_t kMostEvents = 8;

class Conversation {
 public:
  Conversation();
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Sends `bytes` in pieces of `piece(offset)` bytes (at least 1), ends, and gives back all that was answered until
  /// the session had closed, without the dates of HTTP. Afterwards the loop holds nothing any more; that is required.
  template <typename Piece>
  std::string speak(Protocol protocol, std::string_view bytes, Piece piece) {
    open(protocol);
    for (std::size_t at = 0; at < bytes.size();) {
      const std::string_view part = bytes.substr(at, piece(at));
      say(part);
      at += part.size();
    }
    return finish();
  }

  /// The lines that the socket must answer to `bytes`, worked out line by line without a session.
  std::string expected_lines(std::string_view bytes) const;

 private:
  struct Parts;
  void open(Protocol protocol);
  void say(std::string_view part);
  std::string finish();

  std::unique_ptr<Parts> parts_;
};

}  // namespace twinlog::fuzz
