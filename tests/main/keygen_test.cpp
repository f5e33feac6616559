// `twinlog keygen`: what is written, where, and that nothing that is there is lost.
#include "agent/cli/keygen.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "ledger/note/signing_key.h"
#include "tests/support/temp_folder.h"

namespace twinlog {
namespace {

constexpr std::string_view kName = "audit.example.com/twinlog/enrol/prod-1";

struct Made {
  int code = 0;
  std::string out;
  std::string err;
};

Made make(const std::string& name, const std::string& file) {
  SystemRandom random;
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_keygen({.name = name, .file = file}, random, {.out = out, .err = err});
  return {code, out.str(), err.str()};
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Without its line feed.
std::string line_of(const std::string& text) {
  EXPECT_TRUE(text.ends_with("\n"));
  return text.substr(0, text.find('\n'));
}

TEST(Keygen, PutsThePrivateKeyIntoTheFileAndOnlyThePublicOneOut) {
  const testing::TempFolder folder;
  const std::string path = folder.path("enrolment.key");
  const Made made = make(std::string(kName), path);
  EXPECT_EQ(made.code, 0) << made.err;
  const Result<SigningKey> key = parse_signing_key(line_of(text_of(path)));
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(made.out, verifier_key_text(key->verifier()) + "\n");
  EXPECT_EQ(key->name(), kName);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0400U);
}

TEST(Keygen, LeavesAFileThatIsThereAsItIs) {
  const testing::TempFolder folder;
  const std::string path = folder.path("enrolment.key");
  ASSERT_EQ(make(std::string(kName), path).code, 0);
  const std::string before = text_of(path);
  const Made again = make(std::string(kName), path);
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(again.out, "");
  EXPECT_NE(again.err.find("is there already"), std::string::npos) << again.err;
  EXPECT_EQ(text_of(path), before);
}

TEST(Keygen, FollowsNoLink) {
  const testing::TempFolder folder;
  const std::string link = folder.path("enrolment.key");
  std::filesystem::create_symlink(folder.path("elsewhere"), link);
  EXPECT_EQ(make(std::string(kName), link).code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder.path("elsewhere")));
}

TEST(Keygen, WithoutAFilePrintsBothHalves) {
  const Made made = make(std::string(kName), "");
  EXPECT_EQ(made.code, 0);
  const Result<SigningKey> key = parse_signing_key(line_of(made.out));
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(made.out, key->text() + "\n" + verifier_key_text(key->verifier()) + "\n");
}

TEST(Keygen, SaysThatAFolderIsNotThere) {
  const testing::TempFolder folder;
  const Made made = make(std::string(kName), folder.path("none/enrolment.key"));
  EXPECT_EQ(made.code, 1);
  EXPECT_EQ(made.out, "");
  EXPECT_NE(made.err.find("No such file"), std::string::npos) << made.err;
}

TEST(Keygen, RefusesANameThatNamesNoKey) {
  for (const std::string& name : {std::string(), std::string("a+b"), std::string("a b"), std::string(201, 'x')}) {
    const Made made = make(name, "");
    EXPECT_EQ(made.code, 2) << name;
    EXPECT_EQ(made.out, "");
  }
}

}  // namespace
}  // namespace twinlog
