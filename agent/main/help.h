// What --help teaches beyond the list of options.
#pragma once

#include <string_view>

namespace twinlog {

/// One command's help: a line for the list of commands, and what stands below its options.
struct CommandHelp {
  std::string_view name;  ///< As it is typed: "spool export".
  std::string_view line;
  std::string_view text;
};

/// Aborts for a command that is not there.
const CommandHelp& help_of(std::string_view name);

/// What stands below the list of commands.
std::string_view program_help();

}  // namespace twinlog
