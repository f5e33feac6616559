#include "agent/observe/refusals.h"

#include <algorithm>
#include <utility>

namespace twinlog {
namespace {

constexpr std::size_t kPeers = kRefusals - 1;

/// What came between two moments.
RefusedLately between(const WayCounts& before, const WayCounts& now) {
  RefusedLately lately;
  lately.taken = now.taken - before.taken;
  for (std::size_t i = 0; i < kRefusals; ++i) {
    const std::uint64_t times = now.refused.at(i) - before.refused.at(i);
    lately.refused += times;
    if (times > lately.times) {
      lately.times = times;
      lately.most_often = i;
    }
  }
  return lately;
}

bool is_about_the_request(unsigned status) {
  constexpr unsigned kAllEventsRejected = 422;
  return status >= 400 && status < 500 && status != kAllEventsRejected;
}

}  // namespace

RejectedField refused_field(std::size_t refusal) {
  return static_cast<RejectedField>(refusal / kRejectionCauses);
}

RejectionCause refusal_cause(std::size_t refusal) {
  return static_cast<RejectionCause>(refusal % kRejectionCauses);
}

std::uint64_t peers_refused(const std::array<WayCounts, kTransports>& ways) {
  std::uint64_t count = 0;
  for (const WayCounts& way : ways) {
    count += way.refused.at(kPeers);
  }
  return count;
}

bool is_refused_mostly(const RefusedLately& lately) {
  return lately.refused >= Refusals::kFew && lately.refused > lately.taken;
}

std::string refusal_words(std::size_t refusal) {
  if (refusal == kPeers) {
    return "peers";
  }
  if (refusal >= kEventRefusals) {
    return "HTTP " + std::to_string(kIntakeStatuses.at(refusal - kEventRefusals));
  }
  return std::string(rejected_field_text(refused_field(refusal))) + " " +
         std::string(rejection_cause_text(refusal_cause(refusal)));
}

Peer last_refused_peer(const IntakeCounters& counters) {
  const std::uint64_t last = counters.peers_refused.last;
  return {.uid = static_cast<std::uint32_t>(last >> 32U), .gid = static_cast<std::uint32_t>(last)};
}

std::array<WayCounts, kTransports> read_refusals(const IntakeCounters& counters) {
  std::array<WayCounts, kTransports> read;
  for (std::size_t i = 0; i < kTransports; ++i) {
    const IntakeCounters::PerTransport& from = counters.transports.at(i);
    WayCounts& way = read.at(i);
    way.taken = from.stored + from.duplicate + from.conflict;
    for (std::size_t refusal = 0; refusal < kEventRefusals; ++refusal) {
      way.refused.at(refusal) = from.rejected_by.at(refusal / kRejectionCauses).at(refusal % kRejectionCauses);
    }
  }
  // A path of HTTP checks its peers, too; most are those of the events socket.
  read.at(static_cast<std::size_t>(Transport::kUnix)).refused.at(kPeers) = counters.peers_refused.total;
  WayCounts& http = read.at(static_cast<std::size_t>(Transport::kHttp));
  for (std::size_t i = 0; i < kIntakeStatuses.size(); ++i) {
    if (is_about_the_request(kIntakeStatuses.at(i))) {
      http.refused.at(kEventRefusals + i) = counters.http_answers.answered.at(i);
    }
  }
  return read;
}

void Refusals::step(const std::array<WayCounts, kTransports>& counts, const Peer& last_peer) {
  const TimePoint now = clock_.steady_now();
  {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < kTransports; ++i) {
      look(ways_.at(i), counts.at(i), now);
    }
  }
  for (std::size_t refusal = 0; refusal < kEventRefusals; ++refusal) {
    std::uint64_t all = 0;
    for (const WayCounts& way : counts) {
      all += way.refused.at(refusal);
    }
    rejected_.at(refusal).untold += all - std::exchange(seen_.at(refusal), all);
    if (is_due(rejected_.at(refusal), now)) {
      tell_rejected(refusal, now);
    }
  }
  last_peer_ = last_peer;
  const std::uint64_t peers = peers_refused(counts);
  peers_.untold += peers - std::exchange(peers_seen_, peers);
  if (is_due(peers_, now)) {
    tell_peers(now);
  }
}

bool Refusals::is_due(const Sum& sum, TimePoint now) {
  return sum.untold > 0 && (sum.told_at == TimePoint{} || now - sum.told_at >= kTellEvery);
}

void Refusals::look(Way& way, const WayCounts& counts, TimePoint now) const {
  const WayCounts& before = way.window.empty() ? WayCounts{} : way.window.back().counts;
  const RefusedLately news = between(before, counts);
  if (news.taken > 0) {
    way.before_row = {now, counts};
  }
  if (news.refused > 0) {
    way.refused_at = now;
  }
  if (way.window.empty()) {
    way.window.push_back({now, {}});
  }
  way.window.push_back({now, counts});
  while (way.window.size() > 2 && now - way.window[1].at >= kWindow) {
    way.window.pop_front();
  }
  if (now - way.refused_at >= kRemembered) {
    way.before_row = {now, counts};
  }
  const RefusedLately in_window = between(way.window.front().counts, counts);
  const RefusedLately in_row = between(way.before_row.counts, counts);
  way.lately = in_row.refused > in_window.refused ? in_row : in_window;
}

void Refusals::tell_rejected(std::size_t refusal, TimePoint now) {
  Sum& sum = rejected_.at(refusal);
  sum.told_at = now;
  log_.line(LogLevel::kWarning, "events_rejected",
            "senders bring events that cannot be taken (" + refusal_words(refusal) + "); each was told why",
            {{"field", std::string(rejected_field_text(refused_field(refusal)))},
             {"reason", std::string(rejection_cause_text(refusal_cause(refusal)))},
             {"count", std::to_string(std::exchange(sum.untold, 0))}});
}

void Refusals::tell_peers(TimePoint now) {
  peers_.told_at = now;
  log_.line(LogLevel::kWarning, "peer_refused",
            "a process on the Unix socket is not let in; uid and gid are those of the last one",
            {{"uid", std::to_string(last_peer_.uid)},
             {"gid", std::to_string(last_peer_.gid)},
             {"count", std::to_string(std::exchange(peers_.untold, 0))}});
}

void Refusals::tell_all() {
  const TimePoint now = clock_.steady_now();
  for (std::size_t refusal = 0; refusal < kEventRefusals; ++refusal) {
    if (rejected_.at(refusal).untold > 0) {
      tell_rejected(refusal, now);
    }
  }
  if (peers_.untold > 0) {
    tell_peers(now);
  }
}

RefusedLately Refusals::lately(Transport transport) const {
  const std::scoped_lock lock(mutex_);
  return ways_.at(static_cast<std::size_t>(transport)).lately;
}

}  // namespace twinlog
