#include "config/apply.h"

#include <algorithm>
#include <limits>

#include "config/printable.h"

namespace twinlog {
namespace {

using Mistake = std::optional<std::string>;
using Type = RawValue::Type;

constexpr std::int64_t kIdMost = std::numeric_limits<std::uint32_t>::max() - 1;  // (uid_t)-1 means "none".

Mistake wrong_type(const RawValue& value, std::string_view expected) {
  return "must be " + std::string(expected) + ", but is " + std::string(type_words(value.type));
}

Mistake not_a(const RawValue& value, std::string_view expected) {
  return quoted(value.written) + " is not " + std::string(expected);
}

Mistake outside(const std::string& given, const std::string& least, const std::string& most) {
  return given + " is outside of what is allowed, " + least + " to " + most;
}

/// Puts a value into its place; one overload per kind of key.
struct Applier {
  const ConfigKey& key;
  const RawValue& value;
  Settings& settings;

  Mistake operator()(const TextKey& rule) const {
    if (value.type != Type::kText) {
      return wrong_type(value, "a string");
    }
    if (const std::string_view expected = rule.shape(value.text); !expected.empty()) {
      return rule.may_be_quoted ? not_a(value, expected) : "is not " + std::string(expected);
    }
    rule.place(settings) = value.text;
    return std::nullopt;
  }

  Mistake operator()(const DurationKey& rule) const {
    constexpr std::string_view kExpected = "a duration such as \"200ms\", \"20s\", \"15m\" or \"1h\"";
    if (value.type != Type::kText) {
      return wrong_type(value, kExpected);
    }
    const auto duration = parse_duration(value.text);
    if (!duration) {
      return not_a(value, kExpected);
    }
    if (*duration < rule.least || *duration > rule.most) {
      return outside(quoted(value.written), duration_text(rule.least), duration_text(rule.most));
    }
    rule.place(settings) = *duration;
    return std::nullopt;
  }

  Mistake operator()(const SizeKey& rule) const {
    constexpr std::string_view kExpected = "a size such as \"65536\", \"64KiB\", \"4MiB\" or \"2GiB\"";
    if (value.type != Type::kText) {
      return wrong_type(value, kExpected);
    }
    const auto size = parse_size(value.text);
    if (!size) {
      return not_a(value, kExpected);
    }
    if (*size < rule.least || *size > rule.most) {
      return outside(quoted(value.written), size_text(rule.least), size_text(rule.most));
    }
    rule.place(settings) = *size;
    return std::nullopt;
  }

  Mistake operator()(const ShareKey& rule) const {
    constexpr std::string_view kExpected = "a percentage such as \"10%\", or a size such as \"200MiB\"";
    if (value.type != Type::kText) {
      return wrong_type(value, kExpected);
    }
    const auto percent = parse_percent(value.text);
    const auto size = parse_size(value.text);
    if (!percent && !size) {
      return not_a(value, kExpected);
    }
    if (percent && (*percent < rule.least_percent || *percent > rule.most_percent)) {
      return outside(quoted(value.written), std::to_string(rule.least_percent) + "%",
                     std::to_string(rule.most_percent) + "%");
    }
    if (size && (*size < rule.least || *size > rule.most)) {
      return outside(quoted(value.written), size_text(rule.least), size_text(rule.most));
    }
    rule.place(settings) = {.percent = percent.value_or(0), .bytes = size.value_or(0)};
    return std::nullopt;
  }

  Mistake operator()(const CountKey& rule) const {
    if (value.type != Type::kInteger) {
      return wrong_type(value, "an integer");
    }
    if (value.integer < 0 || static_cast<std::uint64_t>(value.integer) < rule.least ||
        static_cast<std::uint64_t>(value.integer) > rule.most) {
      return outside(std::to_string(value.integer), std::to_string(rule.least), std::to_string(rule.most));
    }
    rule.place(settings) = static_cast<std::size_t>(value.integer);
    return std::nullopt;
  }

  Mistake operator()(const BoolKey& rule) const {
    if (value.type != Type::kBoolean) {
      return wrong_type(value, "true or false");
    }
    rule.place(settings) = value.boolean;
    return std::nullopt;
  }

  Mistake operator()(const ModeKey& rule) const {
    constexpr std::string_view kExpected = "a mode in octal as a string, such as \"0660\"";
    if (value.type != Type::kText) {
      return wrong_type(value, kExpected);
    }
    const auto mode = parse_mode(value.text);
    if (!mode) {
      return not_a(value, kExpected);
    }
    rule.place(settings) = *mode;
    return std::nullopt;
  }

  Mistake operator()(const ChoiceKey& rule) const {
    if (value.type != Type::kText) {
      return wrong_type(value, "a string");
    }
    const auto found = std::find(rule.choices.begin(), rule.choices.end(), value.text);
    if (found == rule.choices.end()) {
      std::string expected = "one of";
      for (const std::string_view choice : rule.choices) {
        expected += " " + quoted(choice);
      }
      return not_a(value, expected);
    }
    rule.choose(settings, static_cast<std::size_t>(found - rule.choices.begin()));
    return std::nullopt;
  }

  Mistake operator()(const NamesKey& rule) const {
    constexpr std::string_view kExpected = "a list of strings";
    if (value.type != Type::kList) {
      return wrong_type(value, kExpected);
    }
    std::vector<std::string> names;
    for (const RawValue& item : value.items) {
      if (item.type != Type::kText) {
        return "must be " + std::string(kExpected) + ", but holds " + std::string(type_words(item.type));
      }
      if (const std::string_view expected = rule.shape(item.text); !expected.empty()) {
        return not_a(item, expected);
      }
      names.push_back(item.text);
    }
    rule.place(settings) = std::move(names);
    return std::nullopt;
  }

  Mistake operator()(const IdsKey& rule) const {
    constexpr std::string_view kExpected = "a list of integers";
    if (value.type != Type::kList) {
      return wrong_type(value, kExpected);
    }
    std::vector<std::uint32_t> ids;
    for (const RawValue& item : value.items) {
      if (item.type != Type::kInteger) {
        return "must be " + std::string(kExpected) + ", but holds " + std::string(type_words(item.type));
      }
      if (item.integer < 0 || item.integer > kIdMost) {
        return outside(std::to_string(item.integer), "0", std::to_string(kIdMost));
      }
      ids.push_back(static_cast<std::uint32_t>(item.integer));
    }
    rule.place(settings) = std::move(ids);
    return std::nullopt;
  }

  Mistake operator()(const SecretKey& rule) const {
    if (value.type != Type::kText) {
      return wrong_type(value, "a string");
    }
    const std::string& text = value.text;
    if (text.empty()) {
      return std::nullopt;
    }
    if (const std::string_view expected = rule.shape(text); !expected.empty()) {
      return "is not " + std::string(expected) + (has_line_end(text) ? "; it holds a line end" : "");
    }
    Secret& secret = rule.place(settings);
    if (secret.is_set()) {
      const bool is_file = rule.form == SecretKey::Form::kFile;
      const std::string name(key.path.substr(key.path.rfind('.') + 1));
      const std::string other = is_file ? name.substr(0, name.rfind("_file")) : name + "_file";
      return "is set, and " + other + " is set too: keep one of the two";
    }
    secret = rule.form == SecretKey::Form::kFile ? Secret::in_file(text) : Secret::literal(text);
    return std::nullopt;
  }
};

}  // namespace

std::optional<std::string> apply_value(const ConfigKey& key, const RawValue& value, Settings& settings) {
  return std::visit(Applier{key, value, settings}, key.rule);
}

}  // namespace twinlog
