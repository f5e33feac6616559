#include "agent/cli/wait.h"

#include <algorithm>

namespace twinlog {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{200};
constexpr milliseconds kAnswerMost{1000};
constexpr std::chrono::hours kLongestWait{24 * 365};

/// What is still waited for; both "" when nothing is.
struct Reason {
  std::string kind;   ///< Told again only when this changes: numbers in the words would be told at every look.
  std::string words;  ///< For people.
};

Reason why_not_ready(const AgentAddresses& at, milliseconds most) {
  const auto outcome = ask_agent(at, {.target = "/readyz", .most = most});
  if (const auto* none = std::get_if<NoAnswer>(&outcome)) {
    return {.kind = "none", .words = none->words};
  }
  const auto& answer = std::get<HttpAnswer>(outcome);
  if (answer.status == 200) {
    return {};
  }
  const std::string line = shown_text(answer.body.substr(0, answer.body.find('\n')));
  return {.kind = line.substr(0, line.find(':')), .words = "the agent is not ready: " + line};
}

}  // namespace

int run_wait(const WaitOptions& options, const OperatorIo& io) {
  if (options.at.socket.empty() && options.at.address.empty()) {
    io.err
        << "twinlog: admin.socket and admin.listen are turned off: an agent with this configuration cannot be asked\n";
    return 1;
  }
  const auto deadline = io.clock.steady_now() + std::min(options.most, milliseconds(kLongestWait));
  const auto left = [&] { return std::chrono::ceil<milliseconds>(deadline - io.clock.steady_now()); };
  std::string told;
  for (;;) {
    // The last look, too, has time enough for an answer: what stands at the end is what the agent says.
    const Reason reason = why_not_ready(options.at, std::clamp(left(), kLookEvery, kAnswerMost));
    if (reason.kind.empty()) {
      io.out << "ready\n";
      return 0;
    }
    if (left() <= milliseconds{0}) {
      io.err << "twinlog: not ready when --timeout was up: " << reason.words << "\n";
      return 1;
    }
    if (reason.kind != told) {
      io.err << "twinlog: waiting: " << reason.words << std::endl;
      told = reason.kind;
    }
    if (!io.wait(std::min(kLookEvery, left()))) {
      io.err << "twinlog: not waited for any longer: " << reason.words << "\n";
      return 1;
    }
  }
}

}  // namespace twinlog
