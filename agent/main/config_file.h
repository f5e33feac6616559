// The configuration of a command: read, and explained on standard error where it has mistakes.
#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "config/load.h"

namespace twinlog {

inline constexpr const char* kDefaultConfig = "/etc/twinlog/twinlog.toml";

std::map<std::string, std::string> process_environment();
std::string host_name();

/// What was loaded, or nothing after every mistake and warning was named on `err`. Warnings of a configuration without
/// mistakes are for the caller to tell.
std::optional<LoadedSettings> load_or_explain(const std::string& path,
                                              const std::map<std::string, std::string>& environment, std::ostream& err);
void tell_warnings(const LoadedSettings& loaded, std::ostream& err);

struct ConfigFile {
  std::string path = kDefaultConfig;
  bool is_given = false;  ///< By the user or by TWINLOG_CONFIG. The default one may be missing.
};

/// The one to read where the command line names none: that of TWINLOG_CONFIG, else the default one.
ConfigFile usual_config(const std::map<std::string, std::string>& environment);

/// For the commands that ask a running agent: they need to know where it is and nothing else, least of all the stores'
/// secrets. Where the default file cannot be read the defaults are used, and `note` says so in a sentence. Only
/// mistakes of the `needed` sections ("admin", "spool") count, and a file that is no TOML.
struct Places {
  Settings settings;
  std::string note;
};
std::optional<Places> load_places(const ConfigFile& file, const std::map<std::string, std::string>& environment,
                                  std::span<const std::string_view> needed, std::ostream& err);

}  // namespace twinlog
