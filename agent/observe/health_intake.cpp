#include <utility>

#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

constexpr std::string_view kRestart =
    "Restart twinlog (`systemctl restart twinlog`; Kubernetes does it by /livez), "
    "keep the log and report it as a defect; what was answered as stored is safe.";

HealthComponent failing(std::string name, std::string impact, std::string diagnosis, std::string action) {
  return {.name = std::move(name),
          .state = HealthState::kFailing,
          .impact = std::move(impact),
          .diagnosis = std::move(diagnosis),
          .action = std::move(action)};
}

std::string counts_of(const WayFacts& way) {
  std::string text = count_words(way.connections, "sender") + " connected";
  if (way.cut > 0) {
    text += "; " + count_words(way.cut, "connection") + " cut by a limit since the start";
  }
  return text;
}

std::string other_way(const WayFacts& other) {
  return other.is_on ? "; senders that use " + other.address + " are not concerned" : "";
}

std::string advice_against(std::size_t refusal) {
  const std::string words = refusal_words(refusal);
  if (words == "peers") {
    return "Let them in by intake.unix.allow_uids or intake.unix.allow_gids (the log's peer_refused says who they "
           "are), or stop them.";
  }
  if (words == "HTTP 401") {
    return "Give the senders the token of intake.http.bearer_token_file.";
  }
  if (words == "HTTP 413") {
    return "Let the senders send less at once, or raise intake.http.max_body or intake.http.max_events.";
  }
  if (words.starts_with("HTTP ")) {
    return "Mend the sender: the answer says what is wrong (`curl -i` shows it). Events go by POST to /v1/events, as "
           "application/json or application/x-ndjson.";
  }
  const std::string mend = "Mend the sender: each answer names field and reason (`twinlog send FILE` shows them)";
  if (words == "tenant_id missing") {
    return mend + ", or name the tenant that is meant in agent.default_tenant.";
  }
  if (words == "tenant_id not_allowed") {
    return mend + ", or add the tenant to intake.allow_tenants.";
  }
  return words == "event too_long" ? mend + ", or raise intake.max_event." : mend + ".";
}

HealthComponent refused_mostly(std::string name, const WayFacts& way) {
  const RefusedLately& lately = way.lately;
  return {.name = std::move(name),
          .state = HealthState::kDegraded,
          .impact = "What is refused is missing in the record, unless its senders keep it until they are mended.",
          .diagnosis = "Most of what arrives is refused: " + grouped(lately.refused) + " of " +
                       grouped(lately.refused + lately.taken) + " lately, most often " +
                       refusal_words(lately.most_often) + " (" + grouped(lately.times) + "); " + counts_of(way) + ".",
          .action = advice_against(lately.most_often)};
}

HealthComponent token_unreadable(std::string name, const WayFacts& way) {
  return {
      .name = std::move(name),
      .state = HealthState::kDegraded,
      .impact = "No HTTP sender can show the right token: each is told to come again later, and must keep its events.",
      .diagnosis = sentence(way.token_trouble) + ".",
      .action = "Mend the file of intake.http.bearer_token_file and the rights to it; twinlog looks at every request."};
}

/// What both ways in have in common. `other`: the other one.
HealthComponent judge_way(const HealthFacts& facts, std::string name, const WayFacts& way, const WayFacts& other) {
  if (facts.phase == Phase::kStarting) {
    return failing(std::move(name), "No login event is taken yet; senders have to try again.",
                   "twinlog is starting: its spool is being opened.",
                   "Wait: after an unclean stop the spool replays its logs. If this lasts for minutes, read the log "
                   "(`journalctl -u twinlog`, `kubectl logs`).");
  }
  if (facts.phase == Phase::kStopping) {
    return failing(std::move(name), "No new login event is taken; what was taken is being delivered.",
                   "twinlog was asked to stop and has closed the intake.",
                   "None if the stop was meant; otherwise start it again: `systemctl start twinlog`.");
  }
  if (!facts.has_intake_ticked) {
    return failing(std::move(name), "No login event is taken.",
                   "The thread that reads from senders has not moved for more than 90 s.", std::string(kRestart));
  }
  if (!way.can_be_found) {
    return failing(std::move(name),
                   "New senders cannot connect, so their login events are not taken" + other_way(other) + ".",
                   "The socket file " + way.address + " was removed or replaced while twinlog was listening on it; " +
                       counts_of(way) + " from before.",
                   "Restart twinlog (`systemctl restart twinlog`, or delete the pod's container): it makes the file "
                   "anew. Then find out what cleans up " +
                       way.address + ".");
  }
  if (!way.token_trouble.empty()) {
    return token_unreadable(std::move(name), way);
  }
  if (way.is_full) {
    return {.name = std::move(name),
            .state = HealthState::kDegraded,
            .impact = "Further senders wait until another one disconnects; those that are connected are served.",
            .diagnosis = "All connections that it may have of " + grouped(facts.most_connections) +
                         " are in use: " + counts_of(way) + ".",
            .action = facts.most_connections < facts.wanted_connections
                          ? "Raise the limit of open files (`LimitNOFILE=` of the unit, `ulimit -n`), and let senders "
                            "keep one connection each."
                          : "Let senders keep one connection each and close it when they are done; `ss -xp` shows who "
                            "holds them."};
  }
  if (is_refused_mostly(way.lately)) {
    return refused_mostly(std::move(name), way);
  }
  return well(std::move(name), "Listening on " + way.address + "; " + counts_of(way) + ".");
}

}  // namespace

HealthComponent judge_socket(const HealthFacts& facts) {
  if (!facts.socket.is_on) {
    return turned_off("intake_socket", "Turned off: intake.unix.path is empty.");
  }
  return judge_way(facts, "intake_socket", facts.socket, facts.http);
}

HealthComponent judge_http(const HealthFacts& facts) {
  if (!facts.http.is_on) {
    return turned_off("intake_http", "Turned off: intake.http.listen is empty.");
  }
  return judge_way(facts, "intake_http", facts.http, facts.socket);
}

}  // namespace twinlog
