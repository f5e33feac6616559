// The lines that have no final answer yet: waiting to be sent, or on their way. Knows no socket and no clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "agent/cli/send_answer.h"
#include "agent/cli/send_lines.h"

namespace twinlog {

/// So many reasons for a rejection are kept for the summary.
inline constexpr std::size_t kReasonsKept = 10;

struct RefusedLine {
  std::uint64_t line = 0;
  std::string field;
  std::string reason;
};

struct SendCounts {
  std::uint64_t lines = 0;  ///< Put in, too long ones included.
  std::uint64_t stored = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t conflict = 0;
  std::uint64_t rejected = 0;
  std::uint64_t busy = 0;  ///< Busy answers; one line may get many.
  std::uint64_t lost_connections = 0;
  std::uint64_t sent_again = 0;  ///< After a lost connection.
  std::uint64_t sent_again_without_log_id = 0;
  std::vector<RefusedLine> rejections;  ///< The first kReasonsKept.

  std::uint64_t taken() const { return stored + duplicate + conflict; }
  std::uint64_t answered() const { return taken() + rejected; }
};

class SendWindow {
 public:
  SendWindow(std::size_t lines_most, std::size_t bytes_most) : lines_most_(lines_most), bytes_most_(bytes_most) {}

  bool has_room() const { return held() == 0 || (held() < lines_most_ && bytes_ < bytes_most_); }
  /// A line that is too long counts as rejected at once.
  void add(InputLine line);
  /// The next line to write, with its LF; it is on its way from now on. Null when none waits. Valid until the next
  /// call.
  const std::string* take_next();
  /// The answer to the oldest line on its way. False when none is: the peer is no agent.
  bool answered(const Answer& answer);
  /// The connection is gone after `bytes_written` of it: all lines on their way wait again, in their order.
  /// The bytes of the next connection are counted from 0.
  void lost_connection(std::uint64_t bytes_written);
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t on_their_way() const { return on_their_way_.size(); }
  std::size_t held() const { return waiting_.size() + on_their_way_.size(); }
  /// The lowest number of a line without a final answer.
  std::optional<std::uint64_t> first_unanswered() const;
  const SendCounts& counts() const { return counts_; }

 private:
  struct Line {
    std::uint64_t number = 0;
    std::string text;              ///< With its LF.
    std::uint64_t written_at = 0;  ///< Of the connection's bytes, the one after the LF.
  };

  void reject(std::uint64_t line, std::string field, std::string reason);

  std::size_t lines_most_;
  std::size_t bytes_most_;
  std::size_t bytes_ = 0;
  std::uint64_t bytes_taken_ = 0;  ///< On this connection.
  std::deque<Line> waiting_;
  std::deque<Line> on_their_way_;
  SendCounts counts_;
};

}  // namespace twinlog
