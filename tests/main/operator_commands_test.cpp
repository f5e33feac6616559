// `twinlog status` and `twinlog drain` against a real admin socket behind which stands a fake agent: a page that a real
// one shows only for a moment can be held there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <sstream>

#include "agent/cli/drain.h"
#include "agent/cli/spool_command.h"
#include "agent/cli/spool_page.h"
#include "agent/cli/status.h"
#include "agent/cli/wait.h"
#include "agent/net/admin/admin_server.h"
#include "tests/support/simulation.h"
#include "tests/support/temp_folder.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::VirtualClock;

/// Shows pages in turn, the last one for ever. Called on the server's thread only while a command waits for it.
class FakeAgent final : public AdminPages, public AdminCommands {
 public:
  std::deque<AdminPage> health;
  std::deque<SpoolPage> progress;
  std::vector<std::string> asked;

  AdminPage page(std::string_view path) override {
    asked.emplace_back(path);
    return health.empty() ? AdminPage{.status = 404, .body = "no such page\n"} : next(health);
  }
  std::string_view method_of(std::string_view path) const override {
    return path == "/drain" ? "POST" : path == "/spool/status" ? "GET" : "";
  }
  AdminPage run(std::string_view path, std::string_view /*query*/) override {
    asked.emplace_back(path);
    return progress.empty() ? AdminPage{.status = 503, .body = "starting: not yet\nmore\n"}
                            : AdminPage{.body = spool_page_json(next(progress))};
  }

 private:
  template <typename Page>
  static Page next(std::deque<Page>& pages) {
    Page page = pages.front();
    if (pages.size() > 1) {
      pages.pop_front();
    }
    return page;
  }
};

/// A spool at `last` whose stores have so much; nothing: turned off.
SpoolPage progress(std::uint64_t last, std::optional<std::uint64_t> postgres, std::optional<std::uint64_t> mongodb) {
  SpoolPage page;
  page.last_leaf = page.last_event = last;
  for (const auto& [name, leaf] : {std::pair("postgres", postgres), std::pair("mongodb", mongodb)}) {
    const std::uint64_t has = leaf.value_or(0);
    page.stores.push_back(
        {.name = name, .is_enabled = leaf.has_value(), .last_leaf = has, .waiting = last - std::min(last, has)});
  }
  return page;
}

class OperatorCommands : public ::testing::Test {
 protected:
  OperatorCommands() {
    auto started = start_admin_socket(socket_, agent_, agent_);
    EXPECT_TRUE(started);
    server_ = *std::move(started);
  }

  OperatorIo io(int most_waits = 1000) {
    return {.out = out_, .err = err_, .clock = clock_, .wait = [this, left = most_waits](milliseconds time) mutable {
              clock_.advance(time);
              return left-- > 0;
            }};
  }
  int status(bool is_json = false) {
    return run_status({.at = {.socket = socket_, .address = ""}, .note = "", .is_json = is_json}, io());
  }
  int drain_and_wait(milliseconds most = milliseconds{1000}) {
    return run_drain({.socket = socket_, .waits = true, .most = most}, io());
  }

  testing::TempFolder folder_;
  const std::string socket_ = folder_.path("admin.sock");
  FakeAgent agent_;
  VirtualClock clock_;
  std::ostringstream out_, err_;
  std::unique_ptr<AdminServer> server_;
};

AdminPage health(const std::string& state) {
  return {.body = R"({"state":")" + state + R"(","summary":"s","components":[]})"};
}

TEST_F(OperatorCommands, StatusIs0OnlyWhereTheStateIsOk) {
  agent_.health = {health("ok"), health("degraded"), health("failing")};
  EXPECT_EQ(status(), 0);
  EXPECT_EQ(status(), 1);
  EXPECT_EQ(status(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("FAILING   s\n"));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(OperatorCommands, StatusInJsonIsThePageToTheByte) {
  agent_.health = {health("ok")};
  EXPECT_EQ(status(true), 0);
  EXPECT_EQ(out_.str(), health("ok").body);
}

TEST_F(OperatorCommands, WhatAnswersWithoutAHealthPageIsNoAgentAnd3) {
  EXPECT_EQ(status(), 3);
  agent_.health = {AdminPage{.body = "not a page"}};
  EXPECT_EQ(status(), 3);
  EXPECT_EQ(out_.str(), "");
  EXPECT_THAT(err_.str(), HasSubstr("status 404"));
}

TEST_F(OperatorCommands, WaitingEndsWith0AtTheFirstReadyAnswerAndTellsOnlyWhatChanges) {
  agent_.health = {AdminPage{.status = 503, .body = "starting\n"}, AdminPage{.status = 503, .body = "starting\n"},
                   AdminPage{.status = 503, .body = "the spool is full: 1 of 2 bytes\n"},
                   AdminPage{.status = 503, .body = "the spool is full: 2 of 2 bytes\n"}, AdminPage{.body = "ok\n"}};
  EXPECT_EQ(run_wait({.at = {.socket = socket_, .address = ""}}, io()), 0);
  EXPECT_EQ(out_.str(), "ready\n");
  EXPECT_EQ(err_.str(),
            "twinlog: waiting: the agent is not ready: starting\n"
            "twinlog: waiting: the agent is not ready: the spool is full: 1 of 2 bytes\n");
  EXPECT_EQ(agent_.asked, std::vector<std::string>(5, "/readyz"));
}

TEST_F(OperatorCommands, WaitingEndsWith1WhenItsTimeIsUpOrTheUserEndsIt) {
  agent_.health = {AdminPage{.status = 503, .body = "starting\n"}};
  EXPECT_EQ(run_wait({.at = {.socket = socket_, .address = ""}, .most = milliseconds{1000}}, io()), 1);
  EXPECT_EQ(agent_.asked.size(), 6U);
  EXPECT_THAT(err_.str(), HasSubstr("not ready when --timeout was up: the agent is not ready: starting\n"));
  EXPECT_EQ(run_wait({.at = {.socket = socket_, .address = ""}}, io(2)), 1);
  EXPECT_EQ(agent_.asked.size(), 9U);
  EXPECT_THAT(err_.str(), HasSubstr("not waited for any longer"));
}

TEST_F(OperatorCommands, WatchingPrintsBlocksUntilTheUserEndsItAndEndsWithTheLastState) {
  agent_.health = {health("failing"), health("degraded"), health("ok")};
  EXPECT_EQ(run_status({.at = {.socket = socket_, .address = ""}, .note = "", .watches = true}, io(3)), 0);
  EXPECT_EQ(agent_.asked.size(), 4U);
  EXPECT_THAT(out_.str(), HasSubstr("DEGRADED  s\n"));
}

TEST_F(OperatorCommands, WatchingEndsWhenNobodyReadsOn) {
  agent_.health = {health("ok")};
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(run_status({.at = {.socket = socket_, .address = ""}, .note = "", .watches = true}, io()), 1);
  EXPECT_EQ(agent_.asked.size(), 1U);
}

TEST_F(OperatorCommands, WhatCannotBeWrittenIs1) {
  agent_.health = {health("ok")};
  agent_.progress = {progress(1, 1, 1)};
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(status(), 1);
  EXPECT_EQ(run_spool_status({.at = {.socket = socket_, .path = ""}}, io()), 1);
}

TEST_F(OperatorCommands, NothingBehindThePageReachesTheTerminal) {
  agent_.health = {AdminPage{.body = health("ok").body + std::string("\0\x1b[2J", 5)},
                   AdminPage{.body = R"({"state":"ok","summary":")"
                                     "\xc2\x9b"
                                     R"(2J","components":[]})"}};
  EXPECT_EQ(status(true), 3);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(status(true), 0);
  EXPECT_EQ(out_.str(), R"({"state":"ok","summary":"\u009b2J","components":[]})");
}

TEST_F(OperatorCommands, AnAgentThatDoesNotAnswerOnceIsAskedAgain) {
  agent_.progress = {progress(100, 40, 100)};
  int waits = 0;
  OperatorIo patient = io();
  patient.wait = [this, &waits](milliseconds time) {
    clock_.advance(time);
    // After the first look it is busy with something; then all is delivered.
    agent_.progress = ++waits == 1 ? std::deque<SpoolPage>{} : std::deque{progress(100, 100, 100)};
    return true;
  };
  EXPECT_EQ(run_drain({.socket = socket_, .waits = true, .most = milliseconds{1000}}, patient), 0);
  EXPECT_EQ(waits, 2);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(OperatorCommands, AnAgentThatIsGoneIsNotWaitedFor) {
  agent_.progress = {progress(100, 40, 100)};
  OperatorIo ending = io();
  ending.wait = [this](milliseconds time) {
    clock_.advance(time);
    server_->stop();
    return true;
  };
  EXPECT_EQ(run_drain({.socket = socket_, .waits = true, .most = milliseconds{10000}}, ending), 1);
  EXPECT_THAT(err_.str(), HasSubstr("went away while it drained"));
}

TEST_F(OperatorCommands, TheLongestTimeoutIsNoShortOne) {
  agent_.progress = {progress(100, 40, 100), progress(100, 100, 100)};
  EXPECT_EQ(drain_and_wait(milliseconds::max()), 0);
}

TEST_F(OperatorCommands, ADrainWaitsForWhatWasAcceptedBeforeItAndNothingElse) {
  agent_.progress = {progress(100, 40, 90), progress(150, 80, 100), progress(190, 100, 100)};
  EXPECT_EQ(drain_and_wait(), 0);
  EXPECT_EQ(agent_.asked, (std::vector<std::string>{"/drain", "/spool/status", "/spool/status"}));
}

TEST_F(OperatorCommands, AStoreThatWentBackMeanwhileIsWaitedForAgain) {
  agent_.progress = {progress(100, 99, 100), progress(100, 100, 50), progress(100, 100, 100)};
  EXPECT_EQ(drain_and_wait(), 0);
  EXPECT_EQ(agent_.asked.size(), 3U);
}

TEST_F(OperatorCommands, LeavesOfTheAgentsOwnAreNoEventsThatAStoreLacks) {
  agent_.progress = {progress(100, 40, 90)};
  agent_.progress.front().last_event = 90;  // The document store lacks ten leaves, none of them an event.
  agent_.progress.front().stores.at(0).waiting = 3;
  agent_.progress.front().stores.at(1).waiting = 0;
  EXPECT_EQ(drain_and_wait(), 1);
  EXPECT_THAT(err_.str(), HasSubstr("postgres lacks 3 events: "));
  EXPECT_THAT(err_.str(), Not(HasSubstr("mongodb lacks")));
}

TEST_F(OperatorCommands, AStoreThatIsOffIsNotWaitedFor) {
  agent_.progress = {progress(100, 100, std::nullopt)};
  EXPECT_EQ(drain_and_wait(), 0);
  EXPECT_EQ(agent_.asked, std::vector<std::string>{"/drain"});
}

TEST_F(OperatorCommands, ADrainThatIsNotDoneInTimeSaysWhatIsLeftAndWhy) {
  agent_.progress = {progress(100, 99, 40)};
  agent_.progress.front().stores.at(1).error_class = "hold";
  agent_.progress.front().stores.at(1).error_words = "a right is \x1b missing";
  EXPECT_EQ(drain_and_wait(), 1);
  EXPECT_THAT(err_.str(), HasSubstr("postgres lacks 1 event: it takes them, but not so fast\n"));
  EXPECT_THAT(err_.str(), HasSubstr("mongodb lacks 60 events: hold: a right is ? missing\n"));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(OperatorCommands, AnAgentThatCannotDrainYetIs1AndItsFirstLineIsShown) {
  EXPECT_EQ(drain_and_wait(), 1);
  EXPECT_THAT(err_.str(), HasSubstr("status 503: starting: not yet\n"));
}

TEST_F(OperatorCommands, WhatAnswersAndIsNoAgentIsSaidBySpoolStatus) {
  EXPECT_EQ(run_spool_status({.at = {.socket = socket_, .path = ""}}, io()), 1);
  EXPECT_THAT(err_.str(), HasSubstr("status 503"));
}

}  // namespace
}  // namespace twinlog
