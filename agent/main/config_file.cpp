#include "agent/main/config_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace twinlog {
namespace {

std::optional<Settings> explain(const std::vector<ConfigMistake>& mistakes, Settings settings, std::ostream& err) {
  for (const ConfigMistake& mistake : mistakes) {
    err << mistake.where << ": " << mistake.what << "\n";
  }
  if (!mistakes.empty()) {
    err << "twinlog: " << mistakes.size() << " mistake(s) in the configuration; nothing was started\n";
    return std::nullopt;
  }
  return settings;
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

std::optional<Settings> load_or_explain(const std::string& path, const std::map<std::string, std::string>& environment,
                                        std::ostream& err) {
  LoadedSettings loaded = load_settings_file(path, environment, host_name());
  for (const std::string& warning : loaded.warnings) {
    err << "twinlog: warning: " << warning << "\n";
  }
  return explain(loaded.mistakes, std::move(loaded.settings), err);
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
  auto settings = explain(loaded.mistakes, std::move(loaded.settings), err);
  return settings ? std::optional(Places{std::move(*settings), std::move(note)}) : std::nullopt;
}

}  // namespace twinlog
