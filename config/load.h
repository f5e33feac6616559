// From TOML text and environment to Settings: all mistakes at once, each with key path and line.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace twinlog {

/// One thing wrong with the configuration. `where` is "FILE:LINE: key.path" for the file, "TWINLOG_X_Y" for the
/// environment; `what` says what is wrong and what would be right. Never quotes the value of a secret.
struct ConfigMistake {
  std::string where;
  std::string what;
  std::string key = {};  ///< "spool.path"; "" where the file cannot be read or is no TOML.
};

struct LoadedSettings {
  Settings settings;
  std::vector<ConfigMistake> mistakes;  ///< Not empty: `settings` must not be used. A syntax error stands alone.
  std::vector<std::string> warnings;    ///< E.g. TWINLOG_ variables that name no key.
  /// The environment's variables that a secret came from, by its own name or through ${NAME} in the file.
  std::set<std::string> secret_variables;
  /// The file's own text holds a password, not only the name of a variable or file that does.
  bool is_file_secret = false;
};

/// Pure: `environment` is the whole process environment, `host_name` the default agent name. Files that the settings
/// name are read by whoever uses them.
LoadedSettings load_settings(std::string_view toml, const std::string& file_name,
                             const std::map<std::string, std::string>& environment, const std::string& host_name);

/// Reads `path` and calls load_settings. A file that cannot be read is a mistake of its own. Warns of secrets that
/// other users of the host may read (config/file_modes.h).
LoadedSettings load_settings_file(const std::string& path, const std::map<std::string, std::string>& environment,
                                  const std::string& host_name);

}  // namespace twinlog
