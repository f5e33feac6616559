#include "agent/main/operator_commands.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <span>

#include "agent/cli/drain.h"
#include "agent/cli/status.h"
#include "agent/cli/try.h"
#include "agent/cli/wait.h"
#include "agent/main/exit_code.h"
#include "agent/main/signals.h"
#include "config/value_shapes.h"

namespace twinlog {
namespace {

constexpr std::array<std::string_view, 1> kAsksAgent{"admin"};
constexpr std::array<std::string_view, 2> kReadsEvents{"agent", "intake"};

struct AgentPlaces {
  AgentAddresses at;
  std::string note;  ///< How they were found, where that is worth a word.
};

/// Where the command line says, else where the configuration does; nothing after its mistakes were explained.
std::optional<AgentPlaces> agent_places(const OperatorLine& line) {
  if (line.socket || line.address) {
    return AgentPlaces{.at = {.socket = line.socket.value_or(""), .address = line.address.value_or("")}, .note = ""};
  }
  const auto places = load_places(line.config, process_environment(), kAsksAgent, std::cerr);
  if (!places) {
    return std::nullopt;
  }
  const AdminSettings& admin = places->settings.admin;
  return AgentPlaces{.at = {.socket = admin.socket, .address = reachable_address(admin.listen)}, .note = places->note};
}

std::optional<std::chrono::milliseconds> timeout_of(const std::string& text) {
  const auto most = parse_duration(text);
  if (!most) {
    std::cerr << "twinlog: --timeout is a whole number and one of ms, s, m, h, for instance 20s\n";
  }
  return most;
}

}  // namespace

// https://no-color.org: NO_COLOR, whatever it holds unless empty, turns colours off.
OperatorIo own_io(const Clock& clock) {
  const char* const no_color = std::getenv("NO_COLOR");
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  return {.out = std::cout,
          .err = std::cerr,
          .is_out_terminal = is_terminal,
          .is_err_terminal = ::isatty(STDERR_FILENO) == 1,
          .colours = is_terminal && (no_color == nullptr || *no_color == '\0') ? Colours::kOn : Colours::kOff,
          .clock = clock,
          .columns =
              [] {
                winsize size{};
                const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
                return is_known ? std::size_t{size.ws_col} : std::size_t{80};
              },
          .wait = [](std::chrono::milliseconds time) { return !wait_for_signal(time); }};
}

std::optional<Settings> settings_of(const OperatorLine& line, std::span<const std::string_view> needed) {
  auto places = load_places(line.config, process_environment(), needed, std::cerr);
  if (places && !places->note.empty()) {
    std::cerr << "twinlog: " << places->note << "\n";
  }
  return places ? std::optional(std::move(places->settings)) : std::nullopt;
}

int run_status_command(const OperatorLine& line) {
  const auto places = agent_places(line);
  if (!places) {
    return kExitConfiguration;
  }
  if (line.watches) {
    block_signals();
  }
  const SystemClock clock;
  return run_status({.at = places->at, .note = places->note, .is_json = line.is_json, .watches = line.watches},
                    own_io(clock));
}

int run_wait_command(const OperatorLine& line) {
  const auto most = timeout_of(line.ready_timeout);
  if (!most) {
    return kExitUsage;
  }
  const auto places = agent_places(line);
  if (!places) {
    return kExitConfiguration;
  }
  block_signals();
  const SystemClock clock;
  return run_wait({.at = places->at, .most = *most}, own_io(clock));
}

int run_drain_command(const OperatorLine& line) {
  const auto most = timeout_of(line.timeout);
  if (!most) {
    return kExitUsage;
  }
  DrainOptions options{.socket = line.socket.value_or(""), .waits = line.waits, .most = *most};
  if (!line.socket) {
    const auto settings = settings_of(line, kAsksAgent);
    if (!settings) {
      return kExitConfiguration;
    }
    options.socket = settings->admin.socket;
  }
  block_signals();
  const SystemClock clock;
  return run_drain(options, own_io(clock));
}

int run_try_command(const OperatorLine& line) {
  Settings settings;
  if (line.config.is_given) {
    auto loaded = load_places(line.config, process_environment(), kReadsEvents, std::cerr);
    if (!loaded) {
      return kExitConfiguration;
    }
    settings = std::move(loaded->settings);
  }
  SystemRandom random;
  const SystemClock clock;
  return run_try({.file = line.file,
                  .reader = {.max_event = settings.intake.max_event,
                             .default_tenant = settings.agent.default_tenant,
                             .allow_tenants = settings.intake.allow_tenants,
                             .log_id_key = "",
                             .random = &random},
                  .is_json = line.is_json},
                 STDIN_FILENO, own_io(clock));
}

}  // namespace twinlog
