// The commands that look into a spool and change it: from the command line to agent/cli.
#pragma once

#include "agent/main/operator_commands.h"

namespace twinlog {

int run_spool_status_command(const OperatorLine& line);
int run_spool_export_command(const OperatorLine& line);
int run_spool_replay_command(const OperatorLine& line);
int run_spool_check_command(const OperatorLine& line);
int run_spool_repair_command(const OperatorLine& line);
int run_spool_acknowledge_command(const OperatorLine& line);
int run_letters_list_command(const OperatorLine& line);
int run_letters_show_command(const OperatorLine& line);
int run_letters_replay_command(const OperatorLine& line);
int run_letters_discard_command(const OperatorLine& line);

}  // namespace twinlog
