#include "config/file_modes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/config/loading.h"

namespace twinlog {
namespace {

using ::testing::HasSubstr;
using ::twinlog::testing::all_words;
using ::twinlog::testing::kHost;

std::string file_with(const std::string& name, const std::string& content, mode_t mode) {
  std::string path = ::testing::TempDir() + "twinlog_modes_" + name;
  ::unlink(path.c_str());
  std::ofstream(path) << content;
  ::chmod(path.c_str(), mode);
  return path;
}

std::string words_of_file(const std::string& content, mode_t mode) {
  return all_words(load_settings_file(file_with("config", content, mode), {{"PW", "Heron-7"}}, kHost));
}

TEST(FileModes, ASecretsFileThatEveryUserMayReadIsAWarningThatNamesKeyFileAndMode) {
  const std::pair<const char*, const char*> keys[] = {{"stores.postgres.password_file", "Heron-7"},
                                                      {"stores.mongodb.password_file", "Heron-7"},
                                                      {"intake.http.bearer_token_file", "Heron-7"}};
  for (const auto& [key, secret] : keys) {
    const std::string setting = testing::kShortest + std::string(key) + " = \"";
    const std::string open = file_with("secret", secret, 0644);
    const std::string words = words_of_file(setting + open + "\"\n", 0644);
    EXPECT_THAT(words, HasSubstr("the file of " + std::string(key) + " " + open + " has mode 0644"));
    EXPECT_EQ(words.find("Heron"), std::string::npos);
    EXPECT_EQ(words_of_file(setting + file_with("secret", secret, 0640) + "\"\n", 0644), "");
    EXPECT_THAT(words_of_file(setting + file_with("secret", secret, 0602) + "\"\n", 0644), HasSubstr("may change it"));
  }
}

TEST(FileModes, AFileThatIsNotThereYetGivesNoWarning) {
  EXPECT_EQ(words_of_file(testing::kShortest + std::string("stores.postgres.password_file = \"/no/such\"\n"), 0644),
            "");
}

TEST(FileModes, AConfigurationThatHoldsAPasswordAndThatEveryUserMayReadIsAWarning) {
  const std::string mongodb = "stores.mongodb.uri = \"mongodb://db/audit\"\n";
  for (const char* const shown : {"stores.postgres.uri = \"postgresql://u:Heron-7@db/audit\"\n",
                                  "stores.postgres.uri = \"postgresql://db/audit?user=u&password=Heron-7\"\n",
                                  "stores.postgres = {uri = \"postgresql://u@db/audit\", password = \"Heron-7\"}\n"}) {
    const std::string words = words_of_file(mongodb + shown, 0644);
    EXPECT_THAT(words, HasSubstr("the configuration ")) << shown;
    EXPECT_THAT(words, HasSubstr("has mode 0644: every user of the host may read it")) << shown;
    EXPECT_EQ(words.find("Heron"), std::string::npos);
    EXPECT_EQ(words_of_file(mongodb + shown, 0640), "") << shown;
  }
}

TEST(FileModes, AConfigurationThatOnlyNamesItsSecretsMayBeReadByEveryone) {
  const std::string mongodb = "stores.mongodb.uri = \"mongodb://db:27017,db2:27018/audit?appName=a@b\"\n";
  for (const char* const hidden : {"stores.postgres.uri = \"postgresql://twinlog@db:5432/audit\"\n",
                                   "stores.postgres.uri = \"postgresql://u:${PW}@db/audit\"\n",
                                   "stores.postgres.uri = \"postgresql://db/audit?password=${PW}&user=u\"\n",
                                   "stores.postgres = {uri = \"postgresql://u@db/a\", password = \"${PW}\"}\n"}) {
    EXPECT_EQ(words_of_file(mongodb + hidden, 0644), "") << hidden;
  }
}

}  // namespace
}  // namespace twinlog
