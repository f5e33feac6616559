// Sends events (NDJSON, one a line) from standard input to the twinlog agent and waits for the answers.
#include <cstdlib>
#include <iostream>
#include <string>

#include "twinlog_client.hpp"

namespace {

using std::chrono::milliseconds;
using twinlog_client::WhenFull;

constexpr int kTaken = 0;
constexpr int kRefused = 1;
constexpr int kUsage = 2;
constexpr int kUnanswered = 3;
constexpr const char* kUsageText =
    R"(send SOCKET [--queue N] [--when-full wait|newest|oldest] [--seconds N] [--backoff-most-ms N] [--answers] < events.ndjson

Sends events (NDJSON, one a line) from standard input to the twinlog agent and waits for the answers. What was rejected,
conflicts or was dropped is named on standard error by the number of its line, never by its content.
--queue N            events held at most (10000)
--when-full WORD     what is given up when that many are held (wait: nothing, unless no room comes within --seconds)
--seconds N          how long to wait for answers after the last line, or for room (30)
--backoff-most-ms N  the longest wait between two tries (5000)
--answers            a line of JSON for each answer, and one with the counts, on standard output
Exit codes: 0 every line was answered stored or duplicate, 1 a line was rejected or conflicts, 2 wrong usage,
3 a line was not answered or given up.
)";

bool prints_answers = false;

void report(const twinlog_client::Answer& answer) {
  if (answer.status == "rejected") {
    std::cerr << "send: line " << answer.context
              << ": rejected: " + (answer.field.empty() ? "" : answer.field + ": ") + answer.reason + "\n";
  } else if (answer.status == "conflict" || answer.status == "dropped") {
    std::cerr << "send: line " << answer.context << ": " + answer.status + "\n";
  }
  if (prints_answers) {
    // One write, as two threads report.
    std::cout << twinlog_client::Event()
                         .set("line", static_cast<std::int64_t>(answer.context))
                         .set("status", answer.status)
                         .set("log_id", answer.log_id)
                         .set("field", answer.field)
                         .set("reason", answer.reason)
                         .text() +
                     "\n"
              << std::flush;
  }
}

bool read_options(int count, char** words, twinlog_client::Options& options, milliseconds& limit) {
  options.when_full = WhenFull::kWait;
  for (int at = 2; at < count; ++at) {
    const std::string name = words[at];
    if (name == "--answers") {
      prints_answers = true;
      continue;
    }
    if (++at == count) {
      return false;
    }
    const std::string value = words[at];
    char* end = nullptr;
    const double number = std::strtod(words[at], &end);
    if (name != "--when-full" && (value.empty() || *end != '\0' || number < 0)) {
      return false;
    }
    if (name == "--queue") {
      options.queue_events = static_cast<std::size_t>(number);
    } else if (name == "--seconds") {
      limit = milliseconds(static_cast<long>(number * 1000));
    } else if (name == "--backoff-most-ms") {
      options.backoff_most = milliseconds(static_cast<long>(number));
    } else if (name == "--when-full" && (value == "wait" || value == "newest" || value == "oldest")) {
      options.when_full = value == "wait"     ? WhenFull::kWait
                          : value == "newest" ? WhenFull::kDropNewest
                                              : WhenFull::kDropOldest;
    } else {
      return false;
    }
  }
  return true;
}

int finish(twinlog_client::Client& client, const char* socket, milliseconds limit) {
  const auto left = client.close(limit);
  const auto n = client.counts();
  std::string text;
  const std::pair<const char*, std::uint64_t> counts[] = {
      {"stored", n.stored},         {"duplicate", n.duplicate},     {"conflict", n.conflict},
      {"rejected", n.rejected},     {"dropped", n.dropped},         {"busy", n.busy},
      {"sent_again", n.sent_again}, {"connections", n.connections}, {"unanswered", left}};
  twinlog_client::Event event;
  for (const auto& [name, value] : counts) {
    text += (text.empty() ? "send: " : ", ") + std::to_string(value) + " " + name;
    event.set(name, static_cast<std::int64_t>(value));
  }
  if (prints_answers) {
    std::cout << "{\"counts\":" + event.text() + "}\n" << std::flush;
  }
  std::cerr << text + "\n";
  if (left > 0 && n.connections == 0) {
    std::cerr << std::string("send: cannot connect to ") + socket +
                     ": is the agent there, and may this user write to its socket?\n";
  }
  return left + n.dropped > 0 ? kUnanswered : n.rejected + n.conflict > 0 ? kRefused : kTaken;
}

}  // namespace

int main(int count, char** words) {
  if (count > 1 && (std::string(words[1]) == "--help" || std::string(words[1]) == "-h")) {
    std::cout << kUsageText;
    return kTaken;
  }
  twinlog_client::Options options;
  milliseconds limit{30'000};
  if (count < 2 || !read_options(count, words, options, limit)) {
    std::cerr << kUsageText;
    return kUsage;
  }
  options.socket = words[1];
  options.wait = limit;
  options.on_answer = report;
  const bool waits = options.when_full == WhenFull::kWait;
  twinlog_client::Client client(std::move(options));
  std::string line;
  for (std::uint64_t number = 1; std::getline(std::cin, line); ++number) {
    if (line.find_first_not_of(" \t\r") != std::string::npos && !client.record(std::move(line), number) && waits) {
      break;  // No room came: the agent is away.
    }
  }
  return finish(client, words[1], limit);
}
