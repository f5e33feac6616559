#include "agent/cli/agent_asking.h"

#include <cerrno>
#include <utility>

#include "agent/cli/terminal.h"
#include "ledger/base/address.h"

namespace twinlog {
namespace {

class Tries {
 public:
  /// True when there is an answer.
  bool take(const std::string& where, HttpOutcome outcome) {
    if (auto* answer = std::get_if<HttpAnswer>(&outcome)) {
      answer_ = std::move(*answer);
      return true;
    }
    const auto& failure = std::get<HttpFailure>(outcome);
    is_forbidden_ = is_forbidden_ || failure.error == EACCES || failure.error == EPERM;
    is_gone_ = is_gone_ && (failure.error == ENOENT || failure.error == ECONNREFUSED);
    tried_.append(tried_.empty() ? "" : "; ").append(where).append(": ").append(failure.words);
    return false;
  }
  HttpAnswer answer() { return std::move(answer_); }

  NoAnswer no_answer() const {
    if (tried_.empty()) {
      return {.words =
                  "admin.socket and admin.listen are turned off: an agent with this configuration cannot be asked"};
    }
    if (is_forbidden_) {
      return {.words = "no agent could be asked (" + tried_ + "): the admin socket is for root and the agent's user",
              .is_forbidden = true};
    }
    return {.words = "no agent answers (" + tried_ +
                     "): start it, or say where it is with --socket or with the --config that it runs with",
            .is_gone = is_gone_};
  }

 private:
  HttpAnswer answer_;
  std::string tried_;
  bool is_forbidden_ = false;
  bool is_gone_ = true;
};

}  // namespace

std::variant<HttpAnswer, NoAnswer> ask_agent(const AgentAddresses& addresses, const HttpAsk& ask) {
  Tries tries;
  if (!addresses.socket.empty() && tries.take(addresses.socket, ask_socket(addresses.socket, ask))) {
    return tries.answer();
  }
  if (!addresses.address.empty() &&
      tries.take(addresses.address, ask_address(reachable_address(addresses.address), ask))) {
    return tries.answer();
  }
  return tries.no_answer();
}

Result<HttpAnswer> ask_admin_socket(const std::string& socket, const HttpAsk& ask) {
  auto outcome = ask_agent({.socket = socket, .address = ""}, ask);
  if (const auto* none = std::get_if<NoAnswer>(&outcome)) {
    return Error(none->is_forbidden ? ErrorKind::kRefused : ErrorKind::kTransient, none->words);
  }
  auto& answer = std::get<HttpAnswer>(outcome);
  if (answer.status != 200) {
    return Error(ErrorKind::kTransient, socket + " answers with status " + std::to_string(answer.status) + ": " +
                                            shown_text(answer.body.substr(0, answer.body.find('\n'))));
  }
  return std::move(answer);
}

std::string reachable_address(const std::string& listen) {
  const auto parts = split_host_port(listen);
  if (!parts) {
    return listen;
  }
  // The wildcard of IPv6 takes IPv4, too, and a host without IPv6 has made it one of IPv4.
  if (parts->host.empty() || parts->host == "0.0.0.0" || parts->host == "*" || parts->host == "::") {
    return "127.0.0.1:" + parts->port;
  }
  return listen;
}

}  // namespace twinlog
