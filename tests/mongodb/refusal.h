// A validator at the wire, as no real server at hand has one: takes documents out of a command on its way to a real
// server, and answers for them as mongod does. What is left reaches the server.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "tests/mongodb/wire.h"

namespace twinlog::testing {

struct Refusal {
  std::string command;        ///< "insert auth_logs", "update auth_logs", ...
  std::set<std::string> ids;  ///< The _ids that are refused; of an update, in its filter.
  int code = 121;
  bool fails_commands = false;  ///< The whole command is answered as failed that has one of them in it.
};

/// The reply; `ask` sends a command on to the server. Nothing where the server gave none.
std::optional<Frame> reply_with(const Refusal& refusal, const Frame& request,
                                const std::function<std::optional<Frame>(const Frame&)>& ask);

}  // namespace twinlog::testing
