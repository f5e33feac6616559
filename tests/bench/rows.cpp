#include "tests/bench/rows.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "ledger/record/event_reader.h"
#include "tests/bench/ways.h"

namespace twinlog::bench {

std::vector<AcceptedEvent> accepted_events(const Lines& lines, std::size_t count) {
  const EventReader reader({.default_tenant = "", .allow_tenants = {}, .log_id_key = std::string(32, 'k')});
  std::vector<AcceptedEvent> events;
  events.reserve(count);
  for (std::size_t number = 0; number < count; ++number) {
    EventReader::RequestContext request;
    ReadOutcome outcome = reader.read_event(lines.line({.sender = 0, .number = number}), request);
    auto* accepted = std::get_if<AcceptedEvent>(&outcome);
    if (accepted == nullptr) {
      give_up("an event that an agent would reject");
    }
    events.push_back(std::move(*accepted));
  }
  return events;
}

std::vector<std::vector<Version>> batches_of(const Lines& lines, std::size_t rows) {
  const UtcMicros now = SystemClock().utc_now();
  std::vector<std::vector<Version>> batches;
  std::uint64_t leaf = 0;
  for (AcceptedEvent& accepted : accepted_events(lines, rows)) {
    if (leaf % kRowsPerBatch == 0) {
      batches.emplace_back();
    }
    Version& version = batches.back().emplace_back();
    version.event = std::move(accepted.event);
    version.content_hash = accepted.content_hash;
    version.leaf_index = ++leaf;
    version.received_at = now;
    version.effective_at = std::min(now, version.event.occurred_at);
    version.agent = "bench";
  }
  return batches;
}

}  // namespace twinlog::bench
