// `twinlog prove` from the command line: which stores, and how to reach them.
#pragma once

#include <optional>
#include <string>

#include "agent/cli/prove_command.h"
#include "agent/main/config_file.h"

namespace twinlog {

struct ProveLine {
  ProveOptions options;
  bool forces = false;
  std::optional<std::string> postgres;  ///< Addresses, instead of those of the configuration.
  std::optional<std::string> mongodb;
  std::optional<std::string> only;  ///< --store
};

/// 0 to 3; 78 for a configuration with mistakes.
int run_prove_command(const ProveLine& line, const ConfigFile& config);

}  // namespace twinlog
