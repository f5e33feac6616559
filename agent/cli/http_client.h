// One HTTP request to an agent, and its answer: blocking, with a time for the whole of it. For commands, not for the
// agent.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace twinlog {

/// Longer answers are no agent's.
inline constexpr std::size_t kHttpAnswerBytesMost = 16U << 20U;

struct HttpAsk {
  std::string method = "GET";
  std::string target = "/";
  std::chrono::milliseconds most = std::chrono::seconds{5};
};

struct HttpAnswer {
  unsigned status = 0;
  std::map<std::string, std::string> fields;  ///< Names in lower case.
  std::string body;
};

/// Why there is no answer.
struct HttpFailure {
  int error = 0;      ///< errno where the system said no (ENOENT, EACCES, ECONNREFUSED, ETIMEDOUT, ...); else 0.
  std::string words;  ///< What happened; without the address.
};

using HttpOutcome = std::variant<HttpAnswer, HttpFailure>;

/// Over a Unix socket.
HttpOutcome ask_socket(const std::string& path, const HttpAsk& ask);
/// Of "host:port" or "[v6]:port"; no name but localhost is resolved.
HttpOutcome ask_address(const std::string& host_port, const HttpAsk& ask);

}  // namespace twinlog
