// The log where it meets the outside: a real pipe that nobody reads, and the journal's stream.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/observe/stderr_log.h"
#include "agent/observe/summed_log.h"
#include "ledger/base/descriptor.h"
#include "tests/support/simulation.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Standard error is a pipe of one page while it lives.
class StderrPipe {
 public:
  StderrPipe() : kept_(::dup(STDERR_FILENO)) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_ = Descriptor(ends[0]);
    write_ = Descriptor(ends[1]);
    EXPECT_GT(::fcntl(write_.get(), F_SETPIPE_SZ, 4096), 0);
    EXPECT_EQ(::dup2(write_.get(), STDERR_FILENO), STDERR_FILENO);
  }
  ~StderrPipe() { ::dup2(kept_.get(), STDERR_FILENO); }
  StderrPipe(const StderrPipe&) = delete;
  StderrPipe& operator=(const StderrPipe&) = delete;

  void fill() {
    ::fcntl(write_.get(), F_SETFL, O_NONBLOCK);
    while (::write(write_.get(), "x", 1) == 1) {
    }
    EXPECT_EQ(errno, EAGAIN);
    ::fcntl(write_.get(), F_SETFL, 0);
  }
  /// What comes until `end` is in it.
  std::string read_to(std::string_view end) {
    std::string text;
    std::array<char, 4096> part{};
    while (text.find(end) == std::string::npos) {
      const ssize_t size = ::read(read_.get(), part.data(), part.size());
      if (size <= 0) {
        break;
      }
      text.append(part.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
  std::string journal_stream() const {
    struct stat status {};
    ::fstat(write_.get(), &status);
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  }

 private:
  Descriptor kept_;
  Descriptor read_;
  Descriptor write_;
};

LogSettings settings_of(LogFormat format) {
  LogSettings settings;
  settings.format = format;
  return settings;
}

TEST(StderrLog, NobodyWaitsForAReaderAndWhatWasLostIsToldWhenThereIsOneAgain) {
  StderrPipe pipe;
  const auto log = make_stderr_log(settings_of(LogFormat::kJson));
  pipe.fill();
  const std::size_t lines = 2 * kLogLinesHeld;
  for (std::size_t i = 0; i < lines; ++i) {
    log->line(LogLevel::kInfo, "line", "words", {{"number", std::to_string(i)}});
  }
  EXPECT_FALSE(log->flush(milliseconds{1}));
  const std::string text = pipe.read_to("\"number\":\"" + std::to_string(lines - 1) + "\"");
  EXPECT_THAT(text, HasSubstr(R"("level":"warning","event":"log_lines_lost")"));
  constexpr std::string_view kLost = "\"lines\":\"";
  std::size_t lost = 0;  // Where the writer was slow to begin, it is told more than once.
  for (std::size_t at = text.find(kLost); at != std::string::npos; at = text.find(kLost, at + 1)) {
    lost += std::stoul(text.substr(at + kLost.size()));
  }
  std::size_t told = 0;
  for (std::size_t at = text.find("\"number\""); at != std::string::npos; at = text.find("\"number\"", at + 1)) {
    ++told;
  }
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(told + lost, lines);
  EXPECT_TRUE(log->flush(seconds{10}));
}

TEST(StderrLog, ALogThatNobodyReadsEnds) {
  StderrPipe pipe;
  pipe.fill();
  make_stderr_log(settings_of(LogFormat::kText))->line(LogLevel::kInfo, "stopped", "words");
  EXPECT_THAT(pipe.read_to("stopped: words"), StartsWith("xxx"));
}

TEST(StderrLog, LinesForTheJournalBeginWithTheirPriority) {
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    StderrPipe pipe;
    const auto log = make_stderr_log(settings_of(format), {{"JOURNAL_STREAM", pipe.journal_stream()}});
    log->line(LogLevel::kError, "e", "words");
    log->line(LogLevel::kWarning, "w", "words");
    log->line(LogLevel::kInfo, "last", "words");
    const std::string text = pipe.read_to("last");
    EXPECT_THAT(text, StartsWith("<3>"));
    EXPECT_THAT(text, HasSubstr("\n<4>"));
    EXPECT_THAT(text, HasSubstr("\n<6>"));
  }
}

TEST(StderrLog, APriorityStandsOnlyWhereTheStreamIsTheJournals) {
  for (const std::string stream : {"", "1:1", "1"}) {
    StderrPipe pipe;
    const auto log = make_stderr_log(settings_of(LogFormat::kText), {{"JOURNAL_STREAM", stream}});
    log->line(LogLevel::kError, "last", "words");
    EXPECT_THAT(pipe.read_to("last"), StartsWith("2"));
  }
}

TEST(SummedLog, WhatTellsOfTheLifeOfTheProcessIsNeverHeld) {
  StderrPipe pipe;
  const auto log = make_stderr_log(settings_of(LogFormat::kText));
  testing::VirtualClock clock;
  SummedLog summed(*log, clock);
  for (int i = 0; i < 8; ++i) {
    summed.line(LogLevel::kInfo, "reloaded", "words", {{"number", std::to_string(i)}});
    summed.line(LogLevel::kWarning, "store_flush_failed", "words", {{"number", std::to_string(i)}});
  }
  summed.line(LogLevel::kInfo, "started", "the end");
  const std::string text = pipe.read_to("the end");
  EXPECT_THAT(text, HasSubstr("reloaded: words number=7"));
  EXPECT_THAT(text, HasSubstr("store_flush_failed: words number=4"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("store_flush_failed: words number=5")));
}

}  // namespace
}  // namespace twinlog
