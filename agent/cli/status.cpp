#include "agent/cli/status.h"

#include "agent/cli/health_view.h"
#include "ledger/record/inert_json.h"

namespace twinlog {
namespace {

constexpr std::chrono::milliseconds kWatchEvery{2000};
constexpr std::string_view kClearScreen = "\x1b[H\x1b[2J";

int look(const StatusOptions& options, const OperatorIo& io) {
  const auto outcome = ask_agent(options.at, {.target = "/healthz"});
  if (const auto* none = std::get_if<NoAnswer>(&outcome)) {
    io.err << "twinlog: " << none->words << (options.note.empty() ? "" : " (" + options.note + ")") << std::endl;
    return kExitNoAgent;
  }
  if (!options.note.empty()) {
    io.err << "twinlog: " << options.note << std::endl;
  }
  const auto& answer = std::get<HttpAnswer>(outcome);
  const auto view = answer.status == 200 ? read_health(answer.body) : std::nullopt;
  if (!view) {
    io.err << "twinlog: what answers has no health page (status " << answer.status
           << "): is it a twinlog agent, and not older than this command?" << std::endl;
    return kExitNoAgent;
  }
  io.out << (options.is_json ? inert_json(answer.body) : health_text(*view, io.colours)) << std::flush;
  return view->is_ok() && io.out.good() ? 0 : 1;
}

}  // namespace

int run_status(const StatusOptions& options, const OperatorIo& io) {
  int code = 0;
  do {
    if (options.watches && io.is_out_terminal) {
      io.out << kClearScreen;
    }
    code = look(options, io);
    if (options.watches && !io.is_out_terminal && !options.is_json) {
      io.out << std::endl;  // Between two blocks.
    }
  } while (options.watches && io.out.good() && io.wait(kWatchEvery));
  return code;
}

}  // namespace twinlog
