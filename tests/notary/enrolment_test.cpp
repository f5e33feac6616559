#include "agent/notary/enrolment.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/simulation.h"
#include "tests/support/temp_folder.h"

namespace twinlog::testing {
namespace {

class EnrolmentTest : public ::testing::Test {
 protected:
  void write(const std::string& text) { std::ofstream(path_, std::ios::trunc) << text; }

  TempFolder folder_;
  std::string path_ = folder_.path("enrolment.key");
  SeededRandom random_{7};
  SigningKey key_{"audit.example.com/enrol", random_};
};

TEST_F(EnrolmentTest, TheLineOfAKeyIsReadWithAndWithoutItsEnd) {
  for (const char* end : {"", "\n"}) {
    write(key_.text() + end);
    const auto read = read_enrolment_key(path_);
    ASSERT_TRUE(read.has_value()) << read.error().message();
    EXPECT_EQ(read->verifier(), key_.verifier());
  }
}

TEST_F(EnrolmentTest, WhatIsNoKeyIsNamedByItsFileAndNotQuoted) {
  for (const std::string& text : {std::string(), std::string("a secret"), key_.text() + "x", key_.text() + "\n\n"}) {
    write(text);
    const auto read = read_enrolment_key(path_);
    ASSERT_FALSE(read.has_value());
    EXPECT_NE(read.error().message().find(path_), std::string::npos);
    EXPECT_EQ(read.error().message().find("secret"), std::string::npos);
    EXPECT_EQ(read.error().message().find(key_.text().substr(key_.text().size() - 20)), std::string::npos);
  }
  std::filesystem::remove(path_);
  EXPECT_FALSE(read_enrolment_key(path_).has_value());
}

TEST_F(EnrolmentTest, APipeIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const auto read = read_enrolment_key(path_);
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().message().find(path_), std::string::npos);
}

TEST_F(EnrolmentTest, AKeyThatIsGoneServesOnAndSaysSoAndANewOneIsTaken) {
  Enrolment enrolment(path_, SigningKey("audit.example.com/enrol", random_));
  const VerifierKey first = enrolment.key().verifier();
  EXPECT_NE(enrolment.renew(), "");
  EXPECT_EQ(enrolment.key().verifier(), first);
  write(key_.text());
  EXPECT_EQ(enrolment.renew(), "");
  EXPECT_EQ(enrolment.key().verifier(), key_.verifier());
}

TEST_F(EnrolmentTest, AThrowAwayKeyIsThatOfItsSpoolAndOfNoOther) {
  const SpoolIdentity spool{.epoch_id = {1}, .log_id_key = std::string(32, 'a')};
  const SpoolIdentity other{.epoch_id = {1}, .log_id_key = std::string(32, 'b')};
  EXPECT_EQ(throw_away_key("twinlog", spool).verifier(), throw_away_key("twinlog", spool).verifier());
  EXPECT_NE(throw_away_key("twinlog", spool).verifier().key, throw_away_key("twinlog", other).verifier().key);
  EXPECT_EQ(throw_away_key("twinlog", spool).name(), "twinlog/throw-away/01000000-0000-0000-0000-000000000000");
}

}  // namespace
}  // namespace twinlog::testing
