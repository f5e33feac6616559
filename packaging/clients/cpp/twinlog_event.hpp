// What a program and twinlog_client.hpp tell each other: options, answers, counts; and the id of an event.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "twinlog_json.hpp"

namespace twinlog_client {

using std::chrono::milliseconds;

/// What is given up when the queue is full.
enum class WhenFull {
  kDropNewest,  ///< the event that record() was called with; never waits
  kDropOldest,  ///< the one that has waited longest and is not on its way; never waits
  kWait,        ///< record() waits for room, at most Options::wait, and then gives up its event
};

/// What became of an event. status is one of the agent's stored, duplicate, conflict and rejected, or this side's
/// dropped.
struct Answer {
  std::string status, log_id, field, reason;
  std::uint64_t context = 0;
};

/// Never the event itself.
inline void print_answer(const Answer& answer) {
  if (answer.status == "rejected") {
    std::fprintf(stderr, "twinlog: event %s was rejected: %s: %s\n", answer.log_id.c_str(), answer.field.c_str(),
                 answer.reason.c_str());
  } else if (answer.status == "conflict") {
    std::fprintf(stderr, "twinlog: event %s was stored before with other content\n", answer.log_id.c_str());
  }
}

struct Options {
  std::string socket = "/run/twinlog/events.sock";
  std::function<void(const Answer&)> on_answer = print_answer;  ///< called once for each event; must not throw
  WhenFull when_full = WhenFull::kDropNewest;
  milliseconds wait{0};
  std::size_t queue_events = 10'000;    ///< not answered yet, at most
  std::size_t queue_bytes = 16 << 20;   ///< of them
  std::size_t event_bytes = 1 << 20;    ///< of one, as intake.max_event
  std::size_t in_flight = 1'000;        ///< on their way at a time
  milliseconds answer_timeout{10'000};  ///< without an answer the connection is ended
  milliseconds backoff_first{100};
  milliseconds backoff_most{5'000};
  milliseconds flush_at_exit{5'000};
};

struct Counts {
  std::uint64_t stored = 0, duplicate = 0, conflict = 0, rejected = 0, dropped = 0, busy = 0, sent_again = 0,
                connections = 0;
};

/// A UUIDv7: time in milliseconds, then chance, so that ids of one moment lie together in the stores' indexes.
inline std::string new_id() {
  std::random_device chance;
  const auto now = static_cast<unsigned long long>(
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  char text[37];
  std::snprintf(text, sizeof text, "%08llx-%04llx-7%03x-%04x-%04x%08x", now >> 16 & 0xFFFFFFFF, now & 0xFFFF,
                chance() & 0xFFF, (chance() & 0x3FFF) | 0x8000, chance() & 0xFFFF, chance() & 0xFFFFFFFF);
  return text;
}

/// The event with an id, and the id; a text that is no object stays as it is, and the agent says what is wrong with it.
inline std::pair<std::string, std::string> with_id(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  text.erase(0, std::min(text.find_first_not_of(" \t\r"), text.size()));
  text.erase(text.find_last_not_of(" \t\r") + 1);
  const auto members = JsonReader(text).members();
  if (!members) {
    return {std::move(text), ""};
  }
  std::string_view given;
  for (const auto& member : *members) {
    if (member.name == "log_id") {
      if (member.value != "null" && member.value != "\"\"") {
        auto id = JsonReader::decoded(member.value);
        return {std::move(text), std::move(id)};
      }
      given = member.value;
    }
  }
  auto id = new_id();
  if (!given.empty()) {
    text.replace(static_cast<std::size_t>(given.data() - text.data()), given.size(), quoted(id));
  } else {
    text.insert(1, "\"log_id\":" + quoted(id) + (members->empty() ? "" : ","));
  }
  return {std::move(text), std::move(id)};
}

/// Reads a line of the agent; false where no agent says this.
inline bool read_answer(std::string_view line, Answer& answer, milliseconds& retry_after) {
  const auto members = JsonReader(line).members();
  for (const auto& [name, value] : members.value_or(std::vector<Member>{})) {
    if (name == "status") {
      answer.status = JsonReader::decoded(value);
    } else if (name == "log_id") {
      answer.log_id = JsonReader::decoded(value);
    } else if (name == "retry_after_ms") {
      retry_after = milliseconds(std::strtoll(std::string(value).c_str(), nullptr, 10));
    } else if (name == "error") {
      std::string ignored;
      for (const auto& [part, text] : JsonReader(value).members().value_or(std::vector<Member>{})) {
        (part == "field" ? answer.field : part == "reason" ? answer.reason : ignored) = JsonReader::decoded(text);
      }
    }
  }
  const auto& status = answer.status;
  return status == "stored" || status == "duplicate" || status == "conflict" || status == "rejected" ||
         status == "busy";
}

}  // namespace twinlog_client
