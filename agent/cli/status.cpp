#include "agent/cli/status.h"

#include "agent/cli/gauges.h"
#include "agent/cli/health_view.h"
#include "ledger/record/inert_json.h"

namespace twinlog {
namespace {

constexpr std::chrono::milliseconds kWatchEvery{2000};
constexpr std::string_view kClearScreen = "\x1b[H\x1b[2J";

class StatusPage {
 public:
  StatusPage(const StatusOptions& options, const OperatorIo& io) : options_(options), io_(io) {}

  int look() {
    const auto outcome = ask_agent(options_.at, {.target = "/healthz"});
    clear();  // After the answer: what was there is read until something else is.
    if (const auto* none = std::get_if<NoAnswer>(&outcome)) {
      before_.reset();
      io_.err << "twinlog: " << none->words << (options_.note.empty() ? "" : " (" + options_.note + ")") << std::endl;
      return kExitNoAgent;
    }
    if (!options_.note.empty()) {
      io_.err << "twinlog: " << options_.note << std::endl;
    }
    return show(std::get<HttpAnswer>(outcome));
  }

 private:
  bool is_live() const { return options_.watches && io_.is_out_terminal; }

  void clear() const {
    if (is_live()) {
      io_.out << kClearScreen;
    }
  }

  int show(const HttpAnswer& answer) {
    auto view = answer.status == 200 ? read_health(answer.body) : std::nullopt;
    if (!view) {
      io_.err << "twinlog: what answers has no health page (status " << answer.status
              << "): is it a twinlog agent, and not older than this command?" << std::endl;
      return kExitNoAgent;
    }
    const bool is_ok = view->is_ok();
    if (options_.is_json) {
      io_.out << inert_json(answer.body);
    } else {
      Look now{std::move(*view), io_.clock.steady_now()};
      io_.out << health_text(now.view, io_.colours)
              << (is_live() ? "\n" + gauges_text(now, before_, io_.columns(), io_.colours) : "");
      before_ = std::move(now);
    }
    io_.out << std::flush;
    return is_ok && io_.out.good() ? 0 : 1;
  }

  const StatusOptions& options_;
  const OperatorIo& io_;
  std::optional<Look> before_;
};

}  // namespace

int run_status(const StatusOptions& options, const OperatorIo& io) {
  StatusPage page(options, io);
  int code = 0;
  do {
    code = page.look();
    if (options.watches && !io.is_out_terminal && !options.is_json) {
      io.out << std::endl;  // Between two blocks.
    }
  } while (options.watches && io.out.good() && io.wait(kWatchEvery));
  return code;
}

}  // namespace twinlog
