// What the ways in see of the agent: they hand events here and hear what became of them.
#pragma once

#include <functional>
#include <vector>

#include "ledger/record/event_reader.h"
#include "spool/spool.h"

namespace twinlog {

/// The events of one request (HTTP) or of the lines read at once (socket: kPerEvent).
struct Submission {
  std::vector<AcceptedEvent> events;
  Atomicity atomicity = Atomicity::kPerEvent;
  Arrival arrival = {};
  /// Called exactly once, on the thread that steps the front door, with one disposition per event; must not block.
  std::function<void(std::vector<Disposition>)> done;
};

/// Callable from every thread; does not block.
class Intake {
 public:
  virtual ~Intake() = default;
  virtual void submit(Submission submission) = 0;
  virtual const EventReader& reader() const = 0;
};

}  // namespace twinlog
