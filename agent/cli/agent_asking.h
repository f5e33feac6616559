// Asking a running agent: over its admin socket, else on its public port.
#pragma once

#include <string>
#include <variant>

#include "agent/cli/http_client.h"
#include "ledger/base/result.h"

namespace twinlog {

struct AgentAddresses {
  std::string socket;   ///< "": not tried.
  std::string address;  ///< "host:port" of the public port; "": not tried.
};

/// No agent answered: one line without an end that says what was tried and what to do.
struct NoAnswer {
  std::string words;
  bool is_forbidden = false;  ///< The socket is there, but not for this user.
  bool is_gone = false;       ///< Nothing listens there; otherwise it may only be slow.
};

/// The socket first, then the address.
std::variant<HttpAnswer, NoAnswer> ask_agent(const AgentAddresses& addresses, const HttpAsk& ask);

/// A page or command of the admin socket that is answered 200. Errors: kRefused, where this user may not ask;
/// kTransient.
Result<HttpAnswer> ask_admin_socket(const std::string& socket, const HttpAsk& ask);

/// Where to reach admin.listen from this host: a wildcard becomes loopback, of IPv4, which "[::]" serves too and every
/// host has.
std::string reachable_address(const std::string& listen);

}  // namespace twinlog
