// What the log says while a store comes and goes: few lines, and none of them hides how things are.
#include "agent/observe/summed_log.h"
#include "tests/pipeline/rig.h"

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;

/// The end of the line: keeps what came through, and when.
class LastLog final : public LeveledLog {
 public:
  void set_level(const std::string& /*level*/) override {}
  bool flush(std::chrono::milliseconds /*most*/) override { return true; }
  void write(LogLevel level, std::string_view event, std::string_view words,
             std::span<const LogField> fields) override {
    if (level == LogLevel::kDebug) {
      debug.emplace_back(event);
      return;
    }
    std::string line = std::string(event) + ": " + std::string(words);
    for (const LogField& field : fields) {
      line += " " + std::string(field.name) + "=" + field.value;
      if (field.name == "repeated") {
        repeated[std::string(event)] += std::stoull(field.value) - 1;
      }
    }
    ++repeated[std::string(event)];
    lines.push_back(std::move(line));
  }
  std::vector<std::string> lines;
  std::vector<std::string> debug;                 ///< Events.
  std::map<std::string, std::uint64_t> repeated;  ///< Lines by event, those that were summed up counted in.
};

class Flapping : public ::testing::Test {
 protected:
  Rig rig;
  LastLog last;
  SummedLog log{last, rig.clock};
  Courier courier{{},
                  {.spool = *rig.spool, .store = rig.postgres, .clock = rig.clock, .random = rig.random, .log = log}};

  void pass(std::chrono::milliseconds time) {
    const auto end = rig.clock.steady_now() + time;
    while (rig.clock.steady_now() < end) {
      const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end - rig.clock.steady_now());
      rig.clock.advance(std::min(rest, std::max(1ms, courier.step())));
      log.tell_due();
    }
  }
  /// The store goes, one event waits, it comes back and takes it.
  void flap(int number) {
    rig.postgres.go_away();
    rig.postgres.disconnect();
    rig.submit("flap-" + std::to_string(number));
    pass(500ms);
    rig.postgres.come_back();
    do {
      pass(1500ms);
    } while (courier.backlog() > 0);
  }
};

TEST_F(Flapping, EveryFlushIsALineOfTheLevelDebugAndNoneIsHeld) {
  for (int i = 0; i < 20; ++i) {
    rig.submit("flush-" + std::to_string(i));
    pass(1000ms);
  }
  EXPECT_EQ(last.debug, std::vector<std::string>(20, "store_flushed"));
  EXPECT_EQ(courier.status().flushes, 20U);
}

TEST_F(Flapping, AnHourOfItGivesABoundedNumberOfLinesThatAddUpToAllOfThem) {
  for (int i = 0; i < 1800; ++i) {
    flap(i);
  }
  pass(2min);
  EXPECT_LT(last.lines.size(), 60U);
  EXPECT_EQ(last.repeated["store_recovered"], 1800U);
  EXPECT_EQ(last.repeated["store_connected"], 1800U);
  EXPECT_GE(last.repeated["store_flush_failed"], 1800U);
}

TEST_F(Flapping, NoOlderLineOfAStoreIsToldAfterANewerOne) {
  for (unsigned i = 0; i <= SummedLog::kAtOnce; ++i) {
    log.line(LogLevel::kInfo, "store_recovered", "the store takes events again", {{"store", "postgres"}});
    log.line(LogLevel::kInfo, "store_recovered", "the store takes events again", {{"store", "mongodb"}});
  }
  log.line(LogLevel::kWarning, "store_flush_failed", "it is away", {{"store", "postgres"}});
  rig.clock.advance(2min);
  log.tell_due();
  ASSERT_GE(last.lines.size(), 3U);
  const auto rest = std::vector<std::string>(last.lines.end() - 3, last.lines.end());
  EXPECT_EQ(rest[0].find("store_recovered: the store takes events again store=postgres repeated=1"), 0U) << rest[0];
  EXPECT_EQ(rest[1], "store_flush_failed: it is away store=postgres");
  EXPECT_EQ(rest[2].find("store_recovered: the store takes events again store=mongodb repeated=1"), 0U) << rest[2];
}

TEST_F(Flapping, TheFirstFailureAndTheRecoveryAreToldAtOnceAndSinceWhen) {
  pass(2min);
  last.lines.clear();
  flap(1);
  ASSERT_GE(last.lines.size(), 3U);
  EXPECT_TRUE(last.lines.front().starts_with("store_flush_failed: connection refused")) << last.lines.front();
  EXPECT_TRUE(last.lines.back().starts_with("store_recovered: ")) << last.lines.back();
  EXPECT_NE(last.lines.back().find(" failed_since=20"), std::string::npos) << last.lines.back();
  for (const std::string& line : last.lines) {
    EXPECT_EQ(line.find("repeated="), std::string::npos) << line;
  }
}

TEST_F(Flapping, WhenItEndsTheLastLineIsHowThingsAreWithinAMinute) {
  for (int i = 0; i < 100; ++i) {
    flap(i);
  }
  pass(61s);
  EXPECT_TRUE(last.lines.back().starts_with("store_recovered: ")) << last.lines.back();
  EXPECT_NE(last.lines.back().find(" repeated="), std::string::npos) << last.lines.back();
  rig.postgres.go_away();
  rig.postgres.disconnect();
  pass(2s);
  EXPECT_TRUE(last.lines.back().starts_with("store_flush_failed: ")) << "a quiet kind starts afresh";
}

TEST(SummedLog, LinesOfAnotherStoreCodeOrReasonAreNotHeldBack) {
  VirtualClock clock;
  LastLog last;
  SummedLog log(last, clock);
  const auto say = [&log](const char* words, const char* store, const char* code) {
    log.line(LogLevel::kWarning, "store_flush_failed", words, {{"store", store}, {"code", code}});
  };
  for (int i = 0; i < 100; ++i) {
    say("refused", "postgres", "08006");
  }
  ASSERT_EQ(last.lines.size(), SummedLog::kAtOnce);
  say("refused", "mongodb", "08006");
  EXPECT_EQ(last.lines.size(), SummedLog::kAtOnce + 1);
  say("refused", "postgres", "28P01");
  say("no such host", "postgres", "08006");
  ASSERT_EQ(last.lines.size(), SummedLog::kAtOnce + 4);
  EXPECT_NE(last.lines.at(SummedLog::kAtOnce + 1).find(" repeated=95 "), std::string::npos);
}

TEST(SummedLog, AReasonThatIsAnotherOneEachTimeIsHeldBackToo) {
  VirtualClock clock;
  LastLog last;
  SummedLog log(last, clock);
  for (int i = 0; i < 10'000; ++i) {
    log.line(LogLevel::kError, "spool_commit_failed", "reason " + std::to_string(i));
  }
  EXPECT_EQ(last.lines.size(), SummedLog::kMostKinds + SummedLog::kAtOnce);
  log.tell_all();
  EXPECT_TRUE(last.lines.back().starts_with("spool_commit_failed: reason 9999 repeated=9739 ")) << last.lines.back();
}

TEST(SummedLog, WhatIsHeldIsToldBeforeTheProcessEnds) {
  VirtualClock clock;
  LastLog last;
  {
    SummedLog log(last, clock);
    for (unsigned i = 0; i < SummedLog::kAtOnce + 3; ++i) {
      log.line(LogLevel::kInfo, "spool_commit_failed", "again");
    }
  }
  EXPECT_EQ(last.lines.size(), SummedLog::kAtOnce + 1);
  EXPECT_EQ(last.repeated["spool_commit_failed"], SummedLog::kAtOnce + 3);
}

TEST(SummedLog, WhatTellsOfTheLifeOfTheProcessIsNeverHeld) {
  VirtualClock clock;
  LastLog last;
  SummedLog log(last, clock);
  for (unsigned i = 0; i < SummedLog::kAtOnce + 3; ++i) {
    log.line(LogLevel::kInfo, "reloaded", "again");
  }
  EXPECT_EQ(last.lines.size(), SummedLog::kAtOnce + 3);
}

}  // namespace
}  // namespace twinlog::testing
