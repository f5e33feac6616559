// What all sessions of the intake share: the reader, the way to the front door and back, the counters.
// The loop's thread only.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "agent/net/intake/answers.h"
#include "agent/net/intake/intake_server.h"
#include "agent/net/loop/session_loop.h"
#include "agent/pipeline/intake.h"

namespace twinlog {

class IntakePort {
 public:
  /// Everything passed in outlives the loop's thread.
  IntakePort(SessionLoop& loop, const IntakeParts& parts)
      : loop_(loop), intake_(parts.intake), counters_(parts.counters), random_(parts.random) {}

  using Answered = std::function<void(std::vector<Disposition>)>;
  struct Request {
    Transport transport = Transport::kUnix;
    Atomicity atomicity = Atomicity::kPerEvent;
    Arrival arrival = {};
    std::vector<AcceptedEvent> events;
  };
  /// Hands the events to the front door. `answered` runs on the loop's thread, unless the loop ends before; it must
  /// hold its session weakly. The events count against the loop's buffers until then.
  void submit(Request request, Answered answered);

  const EventReader& reader() const { return intake_.reader(); }
  IntakeCounters& counters() { return counters_; }
  Random& random() { return random_; }
  IntakeCounters::PerTransport& counters(Transport transport) {
    return counters_.transports[static_cast<std::size_t>(transport)];
  }
  void count(const ReadCounts& counts);
  void count_rejections(Transport transport, const AnswerSheet& answers);

 private:
  SessionLoop& loop_;
  Intake& intake_;
  IntakeCounters& counters_;
  Random& random_;
};

}  // namespace twinlog
