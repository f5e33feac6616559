// A configuration file and an environment: the text up to the first NUL is TOML, behind it come NAME=VALUE pairs, each
// ended by a NUL. A secret is planted where only secrets stand; no mistake and no warning may show it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/load.h"
#include "config/toml_document.h"
#include "tests/fuzz/require.h"

namespace twinlog::fuzz {
namespace {

constexpr std::string_view kSecret = "hunter2-S3cr3t";
constexpr std::size_t kMostMistakeBytes = 4096;
// How a value begins: as it should, and as people mistype it.
constexpr auto kBefore = std::to_array<std::string_view>({" \"", " ", "\"\"\"", " '", " postgresql://u:"});
using Variables = std::map<std::string, std::string>;

bool is_secret_variable(std::string_view name) {
  return name.starts_with("TWINLOG_STORES_") && (name.ends_with("_URI") || name.ends_with("_PASSWORD"));
}

Variables variables_of(std::string_view pairs) {
  Variables variables{{"SECRET", std::string(kSecret)}};
  while (!pairs.empty()) {
    const std::string_view pair = pairs.substr(0, pairs.find('\0'));
    pairs.remove_prefix(std::min(pair.size() + 1, pairs.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      continue;
    }
    const std::string name(pair.substr(0, equals));
    variables[name] = (is_secret_variable(name) ? std::string(kSecret) : "").append(pair.substr(equals + 1));
  }
  return variables;
}

void require_silent(const std::string& words) {
  require(words.find(kSecret) == std::string::npos, "no message shows a secret");
  require(words.size() <= kMostMistakeBytes, "a message is short");
  for (const char c : words) {
    require(c >= ' ' && c <= '~', "a message is printable");
  }
}

void load(std::string_view toml, const Variables& variables) {
  const LoadedSettings loaded = load_settings(toml, "twinlog.toml", variables, "host");
  for (const ConfigMistake& mistake : loaded.mistakes) {
    require_silent(mistake.where);
    require_silent(mistake.what);
    require(!mistake.where.empty() && !mistake.what.empty(), "a mistake says where and what");
  }
  for (const std::string& warning : loaded.warnings) {
    require_silent(warning);
  }
  const LoadedSettings again = load_settings(toml, "twinlog.toml", variables, "host");
  require(again.mistakes.size() == loaded.mistakes.size(), "loading is the same every time");
  require(!loaded.mistakes.empty() || again.settings == loaded.settings, "the settings are the same every time");
}

/// Behind the `=` of the first line that is "password =" or "uri =" and stands where a key can stand.
std::optional<std::size_t> place_of_secret(std::string_view toml) {
  for (std::size_t begin = 0; begin < toml.size();) {
    const std::size_t end = std::min(toml.find('\n', begin), toml.size());
    std::string_view line = toml.substr(begin, end - begin);
    for (const std::string_view key : {"password", "uri"}) {
      const std::size_t equals = line.find_first_not_of(' ', key.size());
      if (line.starts_with(key) && equals != std::string_view::npos && line[equals] == '=') {
        const bool is_key_here = !parse_toml(toml.substr(0, begin)).error;
        return is_key_here ? std::optional(begin + equals + 1) : std::nullopt;
      }
    }
    begin = end + 1;
  }
  return std::nullopt;
}

void run(std::string_view input) {
  const std::string_view toml = input.substr(0, input.find('\0'));
  const Variables variables = variables_of(input.substr(std::min(toml.size() + 1, input.size())));
  if (input.find(kSecret.substr(0, kSecret.size() / 2)) != std::string_view::npos) {
    return;  // A secret that the input itself puts anywhere, a key's name included, says nothing.
  }
  load(toml, variables);
  if (const auto place = place_of_secret(toml)) {
    std::string planted(toml);
    planted.insert(*place, std::string(kBefore[input.size() % kBefore.size()]).append(kSecret));
    load(planted, variables);
  }
}

}  // namespace
}  // namespace twinlog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  twinlog::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
