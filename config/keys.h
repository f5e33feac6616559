// Every key of the configuration in one table: file, environment, unknown keys and the example are all checked by it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.h"
#include "config/value_shapes.h"

namespace twinlog {

/// Where a key's value goes.
template <typename Value>
using Place = Value& (*)(Settings&);

struct TextKey {
  Place<std::string> place;
  Shape shape;
  bool may_be_quoted = true;  ///< False where people put a secret by mistake.
};
struct DurationKey {
  Place<std::chrono::milliseconds> place;
  std::chrono::milliseconds least, most;
};
struct SizeKey {
  Place<std::uint64_t> place;
  std::uint64_t least, most;
};
/// "10%" or a size.
struct ShareKey {
  Place<Share> place;
  std::uint64_t least_percent, most_percent;
  std::uint64_t least, most;
};
struct CountKey {
  Place<std::size_t> place;
  std::size_t least, most;
};
struct BoolKey {
  Place<bool> place;
};
struct ModeKey {
  Place<unsigned> place;
};
/// The first of two choices that mean the same is the one that `chosen` tells.
struct ChoiceKey {
  std::span<const std::string_view> choices;
  void (*choose)(Settings&, std::size_t index);
  std::size_t (*chosen)(const Settings&);
};
struct NamesKey {
  Place<std::vector<std::string>> place;
  Shape shape;
};
struct IdsKey {
  Place<std::vector<std::uint32_t>> place;
};
/// One half of a secret: itself, or `<key>_file`. Never quoted.
struct SecretKey {
  enum class Form : std::uint8_t { kLiteral, kFile };
  Place<Secret> place;
  Form form;
  Shape shape;
};

using KeyRule = std::variant<TextKey, DurationKey, SizeKey, ShareKey, CountKey, BoolKey, ModeKey, ChoiceKey, NamesKey,
                             IdsKey, SecretKey>;

/// When a running agent takes over a change.
enum class TakesEffect : std::uint8_t { kAtStart, kAtReload };

struct ConfigKey {
  std::string_view path;  ///< "intake.unix.mode"
  KeyRule rule;
  TakesEffect takes_effect = TakesEffect::kAtStart;
};

std::span<const ConfigKey> config_keys();
/// Null when there is no such key.
const ConfigKey* find_key(std::string_view path);
/// Whether some key lies below `path`.
bool is_section(std::string_view path);

}  // namespace twinlog
