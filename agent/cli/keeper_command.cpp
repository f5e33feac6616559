#include "agent/cli/keeper_command.h"

#include <chrono>
#include <optional>
#include <utility>

#include "agent/cli/agent_asking.h"
#include "agent/cli/json_members.h"
#include "agent/cli/query_text.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{100};
constexpr int kMostSilences = 50;  // Answers that do not come, one after the other.

int refuse(const OperatorIo& io, const std::string& words) {
  io.err << "twinlog: " << words << "\n";
  return 1;
}

/// A line over a terminal that is written over by the next one.
void show(const OperatorIo& io, const std::string& words) {
  if (io.is_err_terminal) {
    io.err << "\r\x1b[K" << shown_text(words) << std::flush;
  }
}

/// Asks until the order is done or has failed.
int follow(const std::string& socket, std::uint64_t number, const OperatorIo& io) {
  const HttpAsk ask{.target = "/ledger/order?number=" + std::to_string(number)};
  int silences = 0;
  for (;;) {
    const Result<HttpAnswer> answer = ask_admin_socket(socket, ask);
    silences = answer ? 0 : silences + 1;
    if (silences > kMostSilences) {
      return refuse(io, answer.error().message() + "; what became of the order stands in the agent's log");
    }
    const auto page = answer ? parse_object(answer->body) : std::nullopt;
    const std::string state = page ? std::string(text_member(*page, "state")) : "";
    const std::string words = page ? std::string(text_member(*page, "words")) : "";
    show(io, state == "running" ? words : "");
    if (state == "done") {
      io.out << shown_text(words) << "\n";
      return 0;
    }
    if (state == "failed") {
      return refuse(io, shown_text(words));
    }
    if (!io.wait(kLookEvery)) {
      return refuse(io, "not waited for any longer; the agent goes on");
    }
  }
}

int order(const std::string& target, const std::string& socket, const OperatorIo& io) {
  if (socket.empty()) {
    return refuse(io, "admin.socket is turned off: the agent cannot be asked");
  }
  const Result<HttpAnswer> taken = ask_admin_socket(socket, {.method = "POST", .target = target});
  if (!taken) {
    return refuse(io, taken.error().message());
  }
  const auto page = parse_object(taken->body);
  const std::uint64_t number = page ? count_member(*page, "order") : 0;
  return number == 0 ? refuse(io, socket + " gives no order a number: is it an agent's?") : follow(socket, number, io);
}

}  // namespace

int run_erase(const ErasureWords& words, const std::string& socket, const OperatorIo& io) {
  if (const Result<EraseOrder> checked = erase_order(words); !checked) {
    io.err << "twinlog: " << shown_text(checked.error().message()) << "\n";
    return 2;
  }
  std::string target = "/ledger/erase?tenant=" + query_value(words.tenant_id);
  target += words.log_id.empty() ? "&account=" + query_value(words.account) : "&log_id=" + query_value(words.log_id);
  target += "&fields=" + query_value(words.fields) + "&request=" + query_value(words.request);
  return order(target, socket, io);
}

int run_prune(const RetentionWords& words, const std::string& socket, const OperatorIo& io) {
  if (const Result<PruneOrder> checked = prune_order(words); !checked) {
    io.err << "twinlog: " << shown_text(checked.error().message()) << "\n";
    return 2;
  }
  const std::string target = "/ledger/prune?before=" + query_value(words.before) +
                             "&policy=" + query_value(words.policy) + (words.applies ? "&apply=true" : "");
  return order(target, socket, io);
}

}  // namespace twinlog
