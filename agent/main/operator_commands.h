// The commands of operators on a running agent or its spool: from the command line to agent/cli.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/main/config_file.h"

namespace twinlog {

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
  std::string file;  ///< "": standard input.
};

int run_status_command(const OperatorLine& line);
int run_wait_command(const OperatorLine& line);
int run_drain_command(const OperatorLine& line);
int run_spool_status_command(const OperatorLine& line);
int run_spool_export_command(const OperatorLine& line);
int run_try_command(const OperatorLine& line);

}  // namespace twinlog
