#include "agent/main/config_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "config/environment.h"

namespace twinlog {
namespace {

/// Warnings, too, where there are mistakes: an unknown variable may be why something is missing.
std::optional<LoadedSettings> explain(LoadedSettings loaded, std::ostream& err) {
  if (!loaded.mistakes.empty()) {
    tell_warnings(loaded, err);
  }
  for (const ConfigMistake& mistake : loaded.mistakes) {
    err << mistake.where << ": " << mistake.what << "\n";
  }
  if (!loaded.mistakes.empty()) {
    err << "twinlog: " << loaded.mistakes.size() << " mistake(s) in the configuration; nothing was started\n";
    return std::nullopt;
  }
  return loaded;
}

bool is_of(const ConfigMistake& mistake, std::span<const std::string_view> sections) {
  return mistake.key.empty() || std::ranges::any_of(sections, [&](std::string_view section) {
           return mistake.key == section || mistake.key.starts_with(std::string(section) + ".");
         });
}

}  // namespace

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("localhost");
}

std::optional<LoadedSettings> load_or_explain(const std::string& path,
                                              const std::map<std::string, std::string>& environment,
                                              std::ostream& err) {
  return explain(load_settings_file(path, environment, host_name()), err);
}

void tell_warnings(const LoadedSettings& loaded, std::ostream& err) {
  for (const std::string& warning : loaded.warnings) {
    err << "twinlog: warning: " << warning << "\n";
  }
}

ConfigFile usual_config(const std::map<std::string, std::string>& environment) {
  const auto named = environment.find(kConfigVariable);
  return named == environment.end() || named->second.empty() ? ConfigFile{}
                                                             : ConfigFile{.path = named->second, .is_given = true};
}

std::optional<Places> load_places(const ConfigFile& file, const std::map<std::string, std::string>& environment,
                                  std::span<const std::string_view> needed, std::ostream& err) {
  std::string note;
  LoadedSettings loaded;
  if (!file.is_given && ::access(file.path.c_str(), R_OK) != 0) {
    note = file.path + " cannot be read, so the defaults are used";
    loaded = load_settings("", "(defaults)", environment, host_name());
  } else {
    loaded = load_settings_file(file.path, environment, host_name());
  }
  std::erase_if(loaded.mistakes, [&](const ConfigMistake& mistake) { return !is_of(mistake, needed); });
  auto explained = explain(std::move(loaded), err);
  return explained ? std::optional(Places{std::move(explained->settings), std::move(note)}) : std::nullopt;
}

}  // namespace twinlog
