// `twinlog verify` from the command line: which stores, and how to reach them.
#pragma once

#include <optional>
#include <string>

#include "agent/cli/verify_command.h"
#include "agent/main/config_file.h"

namespace twinlog {

struct VerifyLine {
  VerifyOptions options;
  std::optional<std::string> postgres;  ///< Addresses, instead of those of the configuration.
  std::optional<std::string> mongodb;
  std::optional<std::string> postgres_export;
  std::optional<std::string> mongodb_export;
  std::optional<std::string> only;  ///< --store
};

/// 0 to 3; 78 for a configuration with mistakes.
int run_verify_command(const VerifyLine& line, const ConfigFile& config);

}  // namespace twinlog
