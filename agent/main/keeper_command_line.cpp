#include "agent/main/keeper_command_line.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "agent/main/exit_code.h"
#include "agent/main/signals.h"

namespace twinlog {
namespace {

constexpr std::array<std::string_view, 1> kAsksAgent{"admin"};

/// Nothing after the configuration's mistakes were explained.
std::optional<std::string> socket_of(const OperatorLine& line) {
  if (line.socket) {
    return line.socket;
  }
  const auto settings = settings_of(line, kAsksAgent);
  return settings ? std::optional(settings->admin.socket) : std::nullopt;
}

}  // namespace

int run_erase_command(const ErasureWords& words, const OperatorLine& line) {
  const auto socket = socket_of(line);
  if (!socket) {
    return kExitConfiguration;
  }
  block_signals();
  const SystemClock clock;
  return run_erase(words, *socket, own_io(clock));
}

int run_prune_command(const RetentionWords& words, const OperatorLine& line) {
  const auto socket = socket_of(line);
  if (!socket) {
    return kExitConfiguration;
  }
  block_signals();
  const SystemClock clock;
  return run_prune(words, *socket, own_io(clock));
}

}  // namespace twinlog
