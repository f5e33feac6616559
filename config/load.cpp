#include "config/load.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "config/apply.h"
#include "config/environment.h"
#include "config/file_modes.h"
#include "config/nearest.h"
#include "config/printable.h"
#include "config/read_file.h"
#include "config/rules.h"
#include "config/substitute.h"
#include "config/toml_document.h"

namespace twinlog {
namespace {

constexpr std::size_t kConfigBytesMost = 1U << 20U;
// Mistakes come in the order of the file's lines, then those without a line, then those of the environment.
constexpr unsigned kNoLine = std::numeric_limits<unsigned>::max() - 1;
constexpr unsigned kInEnvironment = kNoLine + 1;

/// Not the name of a file that holds it.
bool is_secret_itself(const ConfigKey& key) {
  const auto* const secret = std::get_if<SecretKey>(&key.rule);
  return secret != nullptr && secret->form == SecretKey::Form::kLiteral;
}

/// "; it takes ${A} and ${B} from the environment"
std::string brought_by(const std::set<std::string>& variables) {
  std::string words;
  for (const std::string& name : variables) {
    words += (words.empty() ? "; it takes ${" : " and ${") + name + "}";
  }
  return words.empty() ? "" : words + " from the environment";
}

std::string did_you_mean(const std::string& name) {
  return name.empty() ? "" : "; did you mean " + name + "?";
}

std::vector<std::string> known_names(bool sections) {
  std::set<std::string> names;
  for (const ConfigKey& key : config_keys()) {
    if (!sections) {
      names.emplace(key.path);
      continue;
    }
    for (std::size_t dot = key.path.find('.'); dot != std::string_view::npos; dot = key.path.find('.', dot + 1)) {
      names.emplace(key.path.substr(0, dot));
    }
  }
  return {names.begin(), names.end()};
}

/// The known key nearest to `path`, or one of the same last name in another section.
std::string suggest_key(const std::string& path) {
  std::string near = nearest(path, known_names(false));
  if (!near.empty()) {
    return near;
  }
  const std::string last = path.substr(path.rfind('.') + 1);
  for (const ConfigKey& key : config_keys()) {
    if (key.path.substr(key.path.rfind('.') + 1) == last) {
      return std::string(key.path);
    }
  }
  return "";
}

/// Collects settings and mistakes from the sources, the later one winning.
class Loader {
 public:
  Loader(const std::string& file_name, const Environment& environment)
      : file_name_(file_name), environment_(environment) {}

  void read_file_entries(const TomlDocument& document);
  void read_environment();
  void settle_agent_name(const std::string& host_name);
  void check_rules();
  LoadedSettings take();

 private:
  struct Place {
    std::string where;
    unsigned line = kNoLine;
    std::string key = {};
  };

  Place in_file(const std::string& path, unsigned line) const {
    return {file_name_ + ":" + std::to_string(line) + ": " + path, line, path};
  }
  void read_entry(const TomlEntry& entry);
  /// `variables` are those that the value came from, for the message.
  void set(const ConfigKey& key, const RawValue& value, const Place& place,
           const std::set<std::string>& variables = {});
  void add(const Place& place, std::string what) {
    mistakes_.emplace_back(place.line, ConfigMistake{place.where, std::move(what), place.key});
  }
  Place place_of(const std::vector<std::string_view>& paths) const;

  const std::string& file_name_;
  const Environment& environment_;
  LoadedSettings loaded_;
  std::vector<std::pair<unsigned, ConfigMistake>> mistakes_;
  std::map<std::string, Place, std::less<>> set_at_;  ///< Keys and sections that some source has.
  std::set<std::string, std::less<>> mistaken_;       ///< Keys whose value could not be used.
};

void Loader::read_file_entries(const TomlDocument& document) {
  std::string skipped;  // A section that nobody knows is one mistake, not one per key.
  for (const TomlEntry& entry : document.entries) {
    if (!skipped.empty() && entry.path.starts_with(skipped)) {
      continue;
    }
    read_entry(entry);
    if (!entry.value && !is_section(entry.path)) {
      skipped = entry.path + ".";
    }
  }
}

void Loader::read_entry(const TomlEntry& entry) {
  const Place place = in_file(entry.path, entry.line);
  const ConfigKey* key = find_key(entry.path);
  if (is_section(entry.path)) {
    if (entry.value) {
      add(place, "must be a section, but is " + std::string(type_words(entry.value->type)));
    }
    set_at_[entry.path] = place;
    return;
  }
  if (key == nullptr) {
    const std::string section = entry.value ? "" : nearest(entry.path, known_names(true));
    add(place, entry.value ? "is not a key of twinlog" + did_you_mean(suggest_key(entry.path))
                           : "is not a section of twinlog" + did_you_mean(section.empty() ? "" : "[" + section + "]"));
    return;
  }
  RawValue value = entry.value ? *entry.value : RawValue::of_type(RawValue::Type::kTable);
  std::set<std::string> used;
  if (auto mistake = substitute(value, environment_, used)) {
    mistaken_.insert(entry.path);
    add(place, std::move(*mistake));
    return;
  }
  set(*key, value, place, used);
  if (is_secret_itself(*key)) {
    loaded_.is_file_secret = loaded_.is_file_secret || shows_password(value.written, entry.path.ends_with("password"));
    loaded_.secret_variables.merge(used);
  }
}

void Loader::set(const ConfigKey& key, const RawValue& value, const Place& place,
                 const std::set<std::string>& variables) {
  set_at_[std::string(key.path)] = place;
  if (auto mistake = apply_value(key, value, loaded_.settings)) {
    mistaken_.emplace(key.path);
    add(place, *mistake + brought_by(variables));
  }
}

void Loader::read_environment() {
  std::vector<std::pair<const ConfigKey*, const std::string*>> given;
  std::set<std::string> known{kConfigVariable};
  for (const ConfigKey& key : config_keys()) {
    const auto variable = environment_.find(*known.insert(variable_of(key.path)).first);
    if (variable == environment_.end()) {
      continue;
    }
    given.emplace_back(&key, &variable->second);
    if (const auto* const secret = std::get_if<SecretKey>(&key.rule)) {
      secret->place(loaded_.settings) = Secret();  // Either half here wins over both in the file.
    }
    if (is_secret_itself(key)) {
      loaded_.secret_variables.insert(variable->first);
    }
  }
  for (const auto& [key, text] : given) {
    set(*key, raw_from_variable(*key, *text), {variable_of(key->path), kInEnvironment, std::string(key->path)});
  }
  for (auto variable = environment_.lower_bound(std::string(kVariablePrefix));
       variable != environment_.end() && variable->first.starts_with(kVariablePrefix); ++variable) {
    if (!known.contains(variable->first)) {
      const std::string near = nearest(variable->first, {known.begin(), known.end()});
      loaded_.warnings.push_back("the environment variable " + printable(variable->first) +
                                 " names no key of twinlog and is ignored" + did_you_mean(near));
    }
  }
}

void Loader::settle_agent_name(const std::string& host_name) {
  if (!loaded_.settings.agent.name.empty() || mistaken_.contains("agent.name")) {
    return;
  }
  loaded_.settings.agent.name = host_name;
  if (const std::string_view expected = check_name(host_name); !expected.empty()) {
    mistaken_.insert("agent.name");
    add(place_of({"agent.name"}), "is not set, and the name of this host is not " + std::string(expected) +
                                      ": set agent.name or TWINLOG_AGENT_NAME");
  }
}

Loader::Place Loader::place_of(const std::vector<std::string_view>& paths) const {
  for (const std::string_view path : paths) {
    if (const auto set = set_at_.find(path); set != set_at_.end()) {
      return set->second;
    }
  }
  const std::string path(paths.front());
  const auto section = set_at_.find(path.substr(0, path.rfind('.')));
  if (section != set_at_.end() && section->second.line != kInEnvironment) {
    return in_file(path, section->second.line);
  }
  return {file_name_ + ": " + path, kNoLine, path};
}

void Loader::check_rules() {
  for (const ConfigRule& rule : config_rules()) {
    const bool readable = std::none_of(rule.reads.begin(), rule.reads.end(),
                                       [&](std::string_view path) { return mistaken_.contains(path); });
    if (std::string what = readable ? rule.broken(loaded_.settings) : ""; !what.empty()) {
      add(place_of(rule.names), std::move(what));
    }
  }
}

LoadedSettings Loader::take() {
  std::stable_sort(mistakes_.begin(), mistakes_.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  for (auto& [line, mistake] : mistakes_) {
    loaded_.mistakes.push_back(std::move(mistake));
  }
  if (loaded_.mistakes.empty()) {
    for (std::string& warning : config_warnings(loaded_.settings)) {
      loaded_.warnings.push_back(std::move(warning));
    }
  }
  return std::move(loaded_);
}

}  // namespace

LoadedSettings load_settings(std::string_view toml, const std::string& file_name,
                             const std::map<std::string, std::string>& environment, const std::string& host_name) {
  const TomlDocument document = parse_toml(toml);
  if (document.error) {
    LoadedSettings broken;
    broken.mistakes.push_back(
        {file_name + ":" + std::to_string(document.error->line) + ":" + std::to_string(document.error->column),
         "is not TOML: " + document.error->what});
    return broken;
  }
  Loader loader(file_name, environment);
  loader.read_file_entries(document);
  loader.read_environment();
  loader.settle_agent_name(host_name);
  loader.check_rules();
  return loader.take();
}

LoadedSettings load_settings_file(const std::string& path, const std::map<std::string, std::string>& environment,
                                  const std::string& host_name) {
  const auto text = read_file(path, kConfigBytesMost);
  if (!text) {
    LoadedSettings broken;
    broken.mistakes.push_back({path, "the configuration file " + text.error().message()});
    return broken;
  }
  LoadedSettings loaded = load_settings(*text, path, environment, host_name);
  loaded.settings.file = path;
  if (loaded.mistakes.empty()) {
    std::ranges::move(file_mode_warnings(loaded), std::back_inserter(loaded.warnings));
  }
  return loaded;
}

}  // namespace twinlog
