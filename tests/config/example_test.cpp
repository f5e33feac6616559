// config/twinlog.toml.example is what people copy: it must load, say the defaults, and leave no key out.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <variant>

#include "config/keys.h"
#include "config/read_file.h"
#include "config/toml_document.h"
#include "tests/config/loading.h"

namespace twinlog {
namespace {

constexpr const char* kExample = TWINLOG_SOURCE_DIR "/config/twinlog.toml.example";
constexpr std::size_t kBytesMost = 1U << 20U;

TEST(Example, LoadsAndEqualsTheDefaults) {
  const LoadedSettings example = load_settings_file(kExample, {}, testing::kHost);
  ASSERT_TRUE(example.mistakes.empty()) << testing::all_words(example);
  LoadedSettings shortest = testing::load(testing::kShortest);
  EXPECT_EQ(example.settings.file, kExample);
  shortest.settings.file = kExample;
  EXPECT_TRUE(example.settings == shortest.settings);
}

class ExampleValue : public ::testing::TestWithParam<ConfigKey> {};

TEST_P(ExampleValue, IsTheDefault) {
  Settings example = load_settings_file(kExample, {}, testing::kHost).settings;
  Settings shortest = testing::load(testing::kShortest).settings;
  std::visit(
      [&](const auto& rule) {
        if constexpr (requires { rule.place; }) {
          EXPECT_TRUE(rule.place(example) == rule.place(shortest)) << GetParam().path;
        } else {
          EXPECT_EQ(rule.chosen(example), rule.chosen(shortest)) << GetParam().path;
        }
      },
      GetParam().rule);
}

INSTANTIATE_TEST_SUITE_P(Keys, ExampleValue, ::testing::ValuesIn(config_keys().begin(), config_keys().end()),
                         [](const auto& key) {
                           std::string name(key.param.path);
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(Example, NamesEveryKeyAndExplainsItInItsLine) {
  const auto text = read_file(kExample, kBytesMost);
  ASSERT_TRUE(text.has_value());
  std::vector<std::string> lines{""};
  std::istringstream stream(*text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  std::set<std::string, std::less<>> named;
  for (const TomlEntry& entry : parse_toml(*text).entries) {
    if (entry.value) {
      named.insert(entry.path);
      EXPECT_NE(lines.at(entry.line).find(" # "), std::string::npos) << entry.path;
    }
  }
  for (const ConfigKey& key : config_keys()) {
    EXPECT_TRUE(named.contains(key.path)) << key.path;
  }
  EXPECT_EQ(named.size(), config_keys().size());
}

}  // namespace
}  // namespace twinlog
