// The events that every way of the benchmark sends: those of a file, over and over, each with a new id and else as is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace twinlog::bench {

/// Says why on standard error and ends the program: a benchmark that goes on after a fault measures something else.
[[noreturn]] void give_up(const std::string& words);

/// One event of one sender of one trial.
struct Ticket {
  std::size_t sender = 0;
  std::size_t number = 0;  ///< Counted from 0 per sender.
};

class Lines {
 public:
  /// `run` makes the ids of a trial its own: milliseconds since 1970. Ends the program where the file has no events
  /// that begin with their log_id.
  Lines(const std::string& path, std::uint64_t run);

  /// A UUIDv7 that depends on `run` and the ticket alone: those of all senders rise together, eight a millisecond each.
  std::string log_id(Ticket ticket) const;
  /// With the line feed.
  std::string line(Ticket ticket) const;

 private:
  std::vector<std::string> events_;  ///< What follows the log_id, up to and with the line feed.
  std::uint64_t run_;
};

}  // namespace twinlog::bench
