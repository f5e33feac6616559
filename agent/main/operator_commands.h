// The commands of operators on a running agent or its spool: from the command line to agent/cli.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/operator_io.h"
#include "agent/main/config_file.h"

namespace twinlog {

/// Of `twinlog spool dead-letters`.
struct LetterLine {
  std::vector<std::string> ids;
  std::optional<std::string> store;
  std::optional<std::string> code;
  std::optional<std::string> older_than;
  std::string reason;  ///< Of `twinlog spool acknowledge`, too.
  bool is_sure = false;
  std::string timeout = "10m";
};

struct OperatorLine {
  ConfigFile config;
  std::optional<std::string> socket;   ///< Instead of admin.socket.
  std::optional<std::string> address;  ///< Instead of admin.listen.
  std::optional<std::string> folder;   ///< Instead of spool.path: a spool that no agent has.
  bool is_json = false;
  bool watches = false;
  bool waits = false;
  bool only_waiting = false;
  bool for_sending = false;
  std::string timeout = "20s";
  std::string ready_timeout = "1m";
  std::string replay_timeout = "1h";
  std::string file;   ///< "": standard input.
  std::string range;  ///< Of a loss: "5-9".
  bool applies = false;
  LetterLine letters;
};

/// The process's own streams.
OperatorIo own_io(const Clock& clock);
/// Of these sections; nothing after their mistakes were explained.
std::optional<Settings> settings_of(const OperatorLine& line, std::span<const std::string_view> needed);

int run_status_command(const OperatorLine& line);
int run_wait_command(const OperatorLine& line);
int run_drain_command(const OperatorLine& line);
int run_try_command(const OperatorLine& line);

}  // namespace twinlog
