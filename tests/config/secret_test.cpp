#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "config/settings.h"

namespace twinlog {
namespace {

std::string file_with(const std::string& name, const std::string& content) {
  std::string path = ::testing::TempDir() + "twinlog_secret_" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

TEST(Secret, AnUnsetOneIsEmptyAndALiteralIsItself) {
  EXPECT_FALSE(Secret().is_set());
  EXPECT_EQ(Secret().reveal().value(), "");
  EXPECT_EQ(Secret::literal("s3cret\n").reveal().value(), "s3cret\n");
}

TEST(Secret, AFileIsReadAnewEveryTimeWithoutTheLineEndAtItsEnd) {
  const std::string path = file_with("rotated", "first \r\n");
  const Secret secret = Secret::in_file(path);
  EXPECT_TRUE(secret.is_set() && secret.is_file());
  EXPECT_EQ(secret.reveal().value(), "first ");
  file_with("rotated", "second");
  EXPECT_EQ(secret.reveal().value(), "second");
}

TEST(Secret, OneLineEndAtTheEndOfAFileIsDroppedAndAnotherOneIsRefused) {
  for (const char* const content : {"s3cret", "s3cret\n", "s3cret\r\n", "s3cret\r"}) {
    EXPECT_EQ(Secret::in_file(file_with("ends", content)).reveal().value(), "s3cret") << content;
  }
  for (const char* const content : {"s3cret\n\n", "s3cret\n\r\n", "\ns3cret", "s3\ncret", "s3\rcret\n"}) {
    const auto revealed = Secret::in_file(file_with("ends", content)).reveal();
    ASSERT_FALSE(revealed.has_value()) << content;
    EXPECT_NE(revealed.error().message().find("holds more than one line"), std::string::npos);
  }
}

TEST(Secret, AMissingFileIsRefusedByNameAndReason) {
  const auto revealed = Secret::in_file("/nonexistent/secret").reveal();
  ASSERT_FALSE(revealed.has_value());
  EXPECT_EQ(revealed.error().kind(), ErrorKind::kRefused);
  EXPECT_EQ(revealed.error().message(),
            "the secret file /nonexistent/secret cannot be read: No such file or directory");
}

TEST(Secret, AFileThatHoldsNoSecretIsRefusedWithoutQuotingIt) {
  const std::string too_long(kSecretFileBytesMost + 1, 'x');
  for (const std::string& content : {std::string("\n"), std::string("pass\0word", 9), too_long}) {
    const auto revealed = Secret::in_file(file_with("odd", content)).reveal();
    ASSERT_FALSE(revealed.has_value()) << content.size();
    EXPECT_EQ(revealed.error().message().find("word"), std::string::npos);
    EXPECT_EQ(revealed.error().message().find("xx"), std::string::npos);
  }
  const std::string longest(kSecretFileBytesMost, 'x');
  EXPECT_EQ(Secret::in_file(file_with("odd", longest)).reveal().value(), longest);
}

TEST(Secret, AFolderInPlaceOfTheFileIsRefused) {
  EXPECT_FALSE(Secret::in_file(::testing::TempDir()).reveal().has_value());
}

TEST(Secret, APipeThatNobodyWritesToIsRefusedAtOnce) {
  const std::string path = ::testing::TempDir() + "twinlog_secret_pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto revealed = Secret::in_file(path).reveal();
  ::unlink(path.c_str());
  ASSERT_FALSE(revealed.has_value());
  EXPECT_NE(revealed.error().message().find("it is a pipe"), std::string::npos);
}

}  // namespace
}  // namespace twinlog
