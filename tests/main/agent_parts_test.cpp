#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "agent/main/activation.h"
#include "agent/main/process_limits.h"
#include "agent/observe/escape.h"
#include "agent/observe/stderr_log.h"

namespace twinlog {
namespace {

TEST(LogEscape, NothingInAValueCanEndTheLineOrTurnTextAround) {
  EXPECT_EQ(escape_log_value("a\nb\x1b[31m"), "a\\u000ab\\u001b[31m");
  EXPECT_EQ(escape_log_value("\xc2\x85"), "\\u0085");
  EXPECT_EQ(escape_log_value("\xe2\x80\xae"
                             "evil"),
            "\\u202eevil");
  EXPECT_EQ(escape_log_value("\xe2\x81\xa6\xe2\x81\xa9"), "\\u2066\\u2069");
  EXPECT_EQ(escape_log_value("say \"hi\" \\"), "say \\\"hi\\\" \\\\");
  EXPECT_EQ(escape_log_value("\xff\xc3"), "\\ufffd\\ufffd");
  EXPECT_EQ(escape_log_value("Zo\xc3\xab"), "Zo\xc3\xab");
}

std::string logged(LogFormat format, LogLevel level) {
  ::testing::internal::CaptureStderr();
  LogSettings settings;
  settings.format = format;
  make_stderr_log(settings)->line(level, "store_connected", "two words", {{"store", "postgres"}, {"bad", "a\nb"}});
  return ::testing::internal::GetCapturedStderr();
}

TEST(StderrLog, ALineIsOneLineWithEventWordsAndFields) {
  const std::string text = logged(LogFormat::kText, LogLevel::kWarning);
  EXPECT_NE(text.find(R"( warning store_connected: two words store=postgres bad=a\u000ab)"), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1);
}

TEST(StderrLog, JsonIsOneObjectPerLine) {
  const std::string text = logged(LogFormat::kJson, LogLevel::kError);
  EXPECT_NE(
      text.find(
          R"("level":"error","event":"store_connected","words":"two words","store":"postgres","bad":"a\u000ab"})"),
      std::string::npos)
      << text;
}

TEST(StderrLog, WhatIsBelowTheLevelIsNotWritten) {
  EXPECT_EQ(logged(LogFormat::kText, LogLevel::kDebug), "");
}

TEST(Activation, OnlyDescriptorsMeantForThisProcessAreTaken) {
  const std::string own = std::to_string(getpid());
  EXPECT_EQ(activated_sockets({{"LISTEN_PID", own}, {"LISTEN_FDS", "2"}}), (std::vector<int>{3, 4}));
  EXPECT_TRUE(activated_sockets({{"LISTEN_PID", "1"}, {"LISTEN_FDS", "2"}}).empty());
  EXPECT_TRUE(activated_sockets({{"LISTEN_PID", own}, {"LISTEN_FDS", "two"}}).empty());
  EXPECT_TRUE(activated_sockets({{"LISTEN_PID", own}, {"LISTEN_FDS", "-1"}}).empty());
  EXPECT_TRUE(activated_sockets({}).empty());
}

TEST(ProcessLimits, SendersNeverGetTheDescriptorsOfTheOthers) {
  EXPECT_EQ(connections_within(RLIM_INFINITY, 16384), 16384U);
  EXPECT_EQ(connections_within(16384 + 512, 16384), 16384U);
  EXPECT_EQ(connections_within(16384 + 511, 16384), 16383U);
  EXPECT_EQ(connections_within(1024, 16384), 512U);
  EXPECT_EQ(connections_within(256, 16384), 128U);
}

}  // namespace
}  // namespace twinlog
