#include "agent/cli/drain.h"

#include <algorithm>
#include <optional>

#include "agent/cli/agent_asking.h"
#include "agent/cli/spool_page.h"

namespace twinlog {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};

/// The page, or nothing after why not was said.
std::optional<SpoolPage> ask_page(const std::string& socket, const HttpAsk& ask, const OperatorIo& io) {
  const auto outcome = ask_agent({.socket = socket, .address = ""}, ask);
  if (const auto* none = std::get_if<NoAnswer>(&outcome)) {
    io.err << "twinlog: " << none->words << "\n";
    return std::nullopt;
  }
  const auto& answer = std::get<HttpAnswer>(outcome);
  auto page = answer.status == 200 ? read_spool_page(answer.body) : std::nullopt;
  if (!page) {
    io.err << "twinlog: " << socket << " answers with status " << answer.status << ": "
           << shown_text(answer.body.substr(0, answer.body.find('\n'))) << "\n";
  }
  return page;
}

/// How much of what was accepted up to `leaf` a store lacks.
std::uint64_t lacks(const StoreProgress& store, std::uint64_t leaf) {
  return store.is_enabled && store.last_leaf < leaf ? leaf - store.last_leaf : 0;
}

bool is_drained(const SpoolPage& page, std::uint64_t leaf) {
  return std::ranges::all_of(page.stores, [leaf](const auto& store) { return lacks(store, leaf) == 0; });
}

std::string left_text(const SpoolPage& page, std::uint64_t leaf) {
  std::string text;
  for (const StoreProgress& store : page.stores) {
    if (store.is_enabled) {
      text += (text.empty() ? "" : ", ") + store.name + " lacks " + events_text(lacks(store, leaf));
    }
  }
  return text;
}

void explain(const SpoolPage& page, std::uint64_t leaf, const OperatorIo& io) {
  for (const StoreProgress& store : page.stores) {
    if (const std::uint64_t left = lacks(store, leaf); left > 0) {
      io.err << "twinlog: " << store.name << " lacks " << events_text(left) << ": "
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

enum class WaitEnd : std::uint8_t { kDrained, kNoAnswer, kTimeUp, kInterrupted };

/// `page` is what was seen last.
WaitEnd wait_until_drained(const DrainOptions& options, std::uint64_t leaf, SpoolPage& page, const OperatorIo& io) {
  const auto deadline = io.clock.steady_now() + options.most;
  const Progress progress(io);
  while (!is_drained(page, leaf)) {
    if (io.clock.steady_now() >= deadline) {
      return WaitEnd::kTimeUp;
    }
    progress.show(left_text(page, leaf));
    if (!io.wait(kLookEvery)) {
      return WaitEnd::kInterrupted;
    }
    auto next = ask_page(options.socket, {.target = "/spool/status"}, io);
    if (!next) {
      return WaitEnd::kNoAnswer;
    }
    page = std::move(*next);
  }
  return WaitEnd::kDrained;
}

}  // namespace

int run_drain(const DrainOptions& options, const OperatorIo& io) {
  auto page = ask_page(options.socket, {.method = "POST", .target = "/drain"}, io);
  if (!page) {
    return 1;
  }
  const std::uint64_t leaf = page->last_leaf;
  if (!options.waits) {
    io.out << "draining: " << left_text(*page, leaf) << "\n";
    return 0;
  }
  switch (wait_until_drained(options, leaf, *page, io)) {
    case WaitEnd::kDrained:
      io.out << "drained: every enabled store has all that was accepted before the request\n";
      return 0;
    case WaitEnd::kNoAnswer:
      io.err << "twinlog: the agent went away while it drained; what is left lies in its spool: `twinlog spool "
                "status`\n";
      return 1;
    case WaitEnd::kTimeUp:
      io.err << "twinlog: not drained when --timeout was up; the agent goes on\n";
      break;
    case WaitEnd::kInterrupted:
      io.err << "twinlog: not waited for any longer; the agent goes on\n";
      break;
  }
  explain(*page, leaf, io);
  return 1;
}

}  // namespace twinlog
