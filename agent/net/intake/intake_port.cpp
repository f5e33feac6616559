#include "agent/net/intake/intake_port.h"

#include <memory>
#include <utility>

namespace twinlog {
namespace {

/// About what the events take in memory: the content once as fields and once as canonical bytes.
std::size_t bytes_of(const std::vector<AcceptedEvent>& events) {
  std::size_t bytes = events.size() * sizeof(AcceptedEvent);
  for (const AcceptedEvent& event : events) {
    bytes += 2 * event.canonical.size();
  }
  return bytes;
}

void count_dispositions(const std::vector<Disposition>& dispositions, IntakeCounters::PerTransport& counters) {
  for (const Disposition disposition : dispositions) {
    switch (disposition) {
      case Disposition::kStored:
        ++counters.stored;
        break;
      case Disposition::kDuplicate:
        ++counters.duplicate;
        break;
      case Disposition::kConflict:
        ++counters.conflict;
        break;
      case Disposition::kBusy:
        ++counters.busy;
        break;
    }
  }
}

}  // namespace

void IntakePort::submit(Request request, Answered answered) {
  const std::size_t bytes = bytes_of(request.events);
  loop_.budget().hand_to_front_door(bytes);
  const auto back = [this, bytes, transport = request.transport,
                     answered = std::move(answered)](std::vector<Disposition> dispositions) {
    count_dispositions(dispositions, counters(transport));
    answered(std::move(dispositions));
    loop_.budget().back_from_front_door(bytes);
  };
  Submission submission;
  submission.events = std::move(request.events);
  submission.atomicity = request.atomicity;
  submission.arrival = request.arrival;
  // `back` reaches into the loop, so it only ever runs there: the mailbox drops it once the loop has ended.
  submission.done = [back, mailbox = loop_.mailbox()](std::vector<Disposition> dispositions) {
    mailbox->post([back, dispositions = std::move(dispositions)]() mutable { back(std::move(dispositions)); });
  };
  intake_.submit(std::move(submission));
}

void IntakePort::count_rejections(Transport transport, const AnswerSheet& answers) {
  IntakeCounters::PerTransport& counted = counters(transport);
  counted.rejected += answers.rejected();
  for (const auto& [field, cause] : answers.rejections()) {
    ++counted.rejected_by.at(static_cast<std::size_t>(field)).at(static_cast<std::size_t>(cause));
  }
}

void IntakePort::count(const ReadCounts& counts) {
  for (std::size_t rule = 0; rule < kRedactionRules; ++rule) {
    if (counts.redactions[rule] > 0) {
      counters_.redactions[rule] += counts.redactions[rule];
    }
  }
  for (std::size_t rule = 0; rule < kRepairRules; ++rule) {
    if (counts.repairs[rule] > 0) {
      counters_.repairs[rule] += counts.repairs[rule];
    }
  }
}

}  // namespace twinlog
