// The answers of docs/INTAKE.md: one JSON object per event.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/record/event_reader.h"
#include "spool/spool.h"

namespace twinlog {

/// `retry_after_ms` of a busy answer: somewhere between these, so that those who were sent away together do not come
/// back together.
inline constexpr unsigned kRetryAfterMsLeast = 500;
inline constexpr unsigned kRetryAfterMsMost = 2000;
unsigned draw_retry_after_ms(Random& random);

/// `{"status":"rejected","error":{"field":...,"reason":...}}`
std::string rejected_answer(const Rejection& rejection);
/// `{"error":{"reason":...}}`: the body of an HTTP error.
std::string error_body(std::string_view reason);
/// The body of HTTP 503: a busy answer with a reason.
std::string busy_body(std::string_view reason, unsigned retry_after_ms);

/// The answers to the events of one request or one chunk of lines, in their order. Those to accepted events are
/// complete only once the front door has said what became of them.
class AnswerSheet {
 public:
  /// Adds the answer to the next event. An accepted event waits in the sheet for take_events().
  void add(ReadOutcome outcome);
  /// The accepted events, in order, for the front door; at most once.
  std::vector<AcceptedEvent> take_events() { return std::move(events_); }

  std::size_t size() const { return lines_.size(); }
  std::size_t accepted() const { return accepted_; }
  std::size_t rejected() const { return lines_.size() - accepted_; }
  using Counted = std::pair<RejectedField, RejectionCause>;
  /// Of each rejected event, for the counters.
  const std::vector<Counted>& rejections() const { return rejections_; }
  /// About what the sheet takes in memory, without the events.
  std::size_t bytes() const { return bytes_; }

  /// Writes all answers, each but the last followed by `separator`. `dispositions` has one for each accepted event;
  /// each busy one draws its own time from `random`.
  void write(std::string& out, std::string_view separator, const std::vector<Disposition>& dispositions,
             Random& random) const;

 private:
  struct Line {
    bool is_accepted = false;
    std::string text;  // The whole answer when rejected; when accepted what follows the status.
  };
  std::vector<Line> lines_;
  std::vector<AcceptedEvent> events_;
  std::vector<Counted> rejections_;
  std::size_t accepted_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace twinlog
