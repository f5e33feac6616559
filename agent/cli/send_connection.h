// A non-blocking client of the agent's Unix socket: bytes out, answer lines in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twinlog {

/// So much is queued for writing at a time; a line beyond it still goes in whole.
inline constexpr std::size_t kUnwrittenMost = 64U << 10U;
/// No answer is longer: a peer that sends more without a line end is no agent.
inline constexpr std::size_t kAnswerBytesMost = 64U << 10U;

class SendConnection {
 public:
  SendConnection() = default;
  ~SendConnection() { close(); }
  SendConnection(const SendConnection&) = delete;
  SendConnection& operator=(const SendConnection&) = delete;

  /// 0, or the errno of what failed (ENAMETOOLONG when the path does not fit into an address).
  int open(const std::string& path);
  void close();
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  bool has_room() const { return unwritten_.size() - written_of_it_ < kUnwrittenMost; }
  bool wants_write() const { return !peer_stopped_reading_ && written_of_it_ < unwritten_.size(); }
  void queue(std::string_view line) { unwritten_.append(line); }
  /// Writes what the socket takes. When the peer reads no more, what it answered before can still be read.
  void write_some();
  /// Reads what is there. False at the end of the connection.
  bool read_some();
  /// The next complete line read, without its LF.
  std::optional<std::string> next_answer();
  /// Whether the peer has sent more than kAnswerBytesMost without a line end. To be asked when next_answer() is none.
  bool is_babbling() const { return unread_.size() - taken_of_it_ > kAnswerBytesMost; }
  /// Since open().
  std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  int fd_ = -1;
  std::string unwritten_;
  std::size_t written_of_it_ = 0;
  std::string unread_;
  std::size_t taken_of_it_ = 0;
  bool peer_stopped_reading_ = false;
  std::uint64_t bytes_written_ = 0;
};

}  // namespace twinlog
