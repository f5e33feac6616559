// Short ways to load a configuration in a test.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "config/load.h"

namespace twinlog::testing {

inline constexpr const char* kHost = "auth-7f9c";
/// The shortest valid file.
inline constexpr const char* kShortest =
    "stores.postgres.uri = \"postgresql://twinlog@db/audit\"\n"
    "stores.mongodb.uri = \"mongodb://db/audit\"\n";

inline LoadedSettings load(const std::string& toml, const std::map<std::string, std::string>& environment = {}) {
  return load_settings(toml, "f.toml", environment, kHost);
}

/// The shortest file and `more`, whose first line is line 3.
inline LoadedSettings load_with(const std::string& more, const std::map<std::string, std::string>& environment = {}) {
  return load(kShortest + more, environment);
}

inline std::vector<std::string> places(const LoadedSettings& loaded) {
  std::vector<std::string> places;
  for (const ConfigMistake& mistake : loaded.mistakes) {
    places.push_back(mistake.where);
  }
  return places;
}

/// All mistakes and warnings, one a line, for messages and for searching.
inline std::string all_words(const LoadedSettings& loaded) {
  std::string words;
  for (const ConfigMistake& mistake : loaded.mistakes) {
    words += mistake.where + ": " + mistake.what + "\n";
  }
  for (const std::string& warning : loaded.warnings) {
    words += warning + "\n";
  }
  return words;
}

}  // namespace twinlog::testing
