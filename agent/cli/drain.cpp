#include "agent/cli/drain.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include "agent/cli/agent_asking.h"
#include "agent/cli/spool_page.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{100};

constexpr milliseconds kAnswerMost{5000};
constexpr std::chrono::hours kLongestWait{24 * 365};

struct NoPage {
  std::string words;
  bool is_gone = false;  ///< No agent is there; otherwise asking again may help.
};

std::variant<SpoolPage, NoPage> ask_page(const std::string& socket, const HttpAsk& ask) {
  const auto outcome = ask_agent({.socket = socket, .address = ""}, ask);
  if (const auto* none = std::get_if<NoAnswer>(&outcome)) {
    return NoPage{none->words, none->is_gone};
  }
  const auto& answer = std::get<HttpAnswer>(outcome);
  if (auto page = answer.status == 200 ? read_spool_page(answer.body) : std::nullopt) {
    return *std::move(page);
  }
  return NoPage{.words = shown_text(socket + " answers with status " + std::to_string(answer.status) + ": " +
                                    answer.body.substr(0, answer.body.find('\n')))};
}

/// How many of the events up to `leaf`, which is one, a store lacks. Leaves of the agent's own are none of them.
std::uint64_t lacks(const StoreProgress& store, std::uint64_t leaf) {
  return store.is_enabled && store.last_leaf < leaf ? std::min(leaf - store.last_leaf, store.waiting) : 0;
}

bool is_drained(const SpoolPage& page, std::uint64_t leaf) {
  return std::ranges::all_of(page.stores, [leaf](const auto& store) { return lacks(store, leaf) == 0; });
}

std::string left_text(const SpoolPage& page, std::uint64_t leaf) {
  std::string text;
  for (const StoreProgress& store : page.stores) {
    if (store.is_enabled) {
      text += (text.empty() ? "" : ", ") + shown_text(store.name) + " lacks " + events_text(lacks(store, leaf));
    }
  }
  return text;
}

void explain(const SpoolPage& page, std::uint64_t leaf, const OperatorIo& io) {
  for (const StoreProgress& store : page.stores) {
    if (const std::uint64_t left = lacks(store, leaf); left > 0) {
      io.err << "twinlog: " << shown_text(store.name) << " lacks " << events_text(left) << ": "
             << (store.error_class.empty() ? "it takes them, but not so fast"
                                           : shown_text(store.error_class + ": " + store.error_words))
             << "\n";
    }
  }
}

class Progress {
 public:
  explicit Progress(const OperatorIo& io) : io_(io) {}
  ~Progress() {
    if (io_.is_err_terminal) {
      io_.err << "\r\x1b[K" << std::flush;
    }
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(const std::string& text) const {
    if (io_.is_err_terminal) {
      io_.err << "\r\x1b[K" << text << std::flush;
    }
  }

 private:
  const OperatorIo& io_;
};

enum class WaitEnd : std::uint8_t { kDrained, kGone, kTimeUp, kInterrupted };

using TimePoint = std::chrono::steady_clock::time_point;

milliseconds time_for_answer(TimePoint deadline, const OperatorIo& io) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - io.clock.steady_now());
  return std::clamp(left, milliseconds{1}, kAnswerMost);
}

/// `page` is what was seen last. An agent that does not answer in time is asked again.
WaitEnd wait_until_drained(const DrainOptions& options, TimePoint deadline, SpoolPage& page, const OperatorIo& io) {
  const std::uint64_t leaf = page.last_event;
  const Progress progress(io);
  while (!is_drained(page, leaf)) {
    if (io.clock.steady_now() >= deadline) {
      return WaitEnd::kTimeUp;
    }
    progress.show(left_text(page, leaf));
    if (!io.wait(kLookEvery)) {
      return WaitEnd::kInterrupted;
    }
    auto next = ask_page(options.socket, {.target = "/spool/status", .most = time_for_answer(deadline, io)});
    if (auto* seen = std::get_if<SpoolPage>(&next)) {
      page = std::move(*seen);
    } else if (std::get<NoPage>(next).is_gone) {
      return WaitEnd::kGone;
    }
  }
  return WaitEnd::kDrained;
}

}  // namespace

int run_drain(const DrainOptions& options, const OperatorIo& io) {
  const auto deadline =
      io.clock.steady_now() + (options.waits ? std::min(options.most, milliseconds(kLongestWait)) : kAnswerMost);
  auto asked = ask_page(options.socket, {.method = "POST", .target = "/drain", .most = time_for_answer(deadline, io)});
  if (const auto* none = std::get_if<NoPage>(&asked)) {
    io.err << "twinlog: " << none->words << "\n";
    return 1;
  }
  auto& page = std::get<SpoolPage>(asked);
  const std::uint64_t leaf = page.last_event;
  if (!options.waits) {
    io.out << "draining: " << left_text(page, leaf) << "\n";
    return 0;
  }
  switch (wait_until_drained(options, deadline, page, io)) {
    case WaitEnd::kDrained:
      io.out << "drained: every enabled store has all that was accepted before the request\n";
      return 0;
    case WaitEnd::kGone:
      io.err << "twinlog: the agent went away while it drained; whether anything is left in its spool says `twinlog "
                "spool status`\n";
      return 1;
    case WaitEnd::kTimeUp:
      io.err << "twinlog: not drained when --timeout was up; the agent goes on\n";
      break;
    case WaitEnd::kInterrupted:
      io.err << "twinlog: not waited for any longer; the agent goes on\n";
      break;
  }
  explain(page, leaf, io);
  return 1;
}

}  // namespace twinlog
