#include "agent/cli/spool_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/cli/agent_asking.h"
#include "agent/cli/spool_command.h"

namespace twinlog {
namespace {

using ::testing::HasSubstr;

SpoolPage full_page() {
  SpoolPage page;
  page.path = "/var/lib/\"spool\"";
  page.epoch_id = "01a20e62-0012-7129-8b4b-75addb202f0b";
  page.format = 1;
  page.first_leaf = 5;
  page.last_leaf = 18'446'744'073'709'551'000U;
  page.last_event = 18'446'744'073'709'550'990U;
  page.own_leaves = 20;
  page.size_bytes = 7;
  page.max_bytes = 8;
  page.oldest_received_at = "2026-11-24T16:27:13.348363Z";
  page.newest_received_at = "2026-11-24T16:27:14.348363Z";
  page.drain_requested_at = "2026-11-24T16:27:15.348363Z";
  page.stores.push_back({.name = "postgres",
                         .last_leaf = 4,
                         .waiting = 9,
                         .incomplete_since = "2026-01-01T00:00:00.000000Z",
                         .error_class = "hold",
                         .error_code = "42501",
                         .error_words = "a right is missing"});
  page.stores.push_back({.name = "mongodb", .is_enabled = false, .last_leaf = 3});
  return page;
}

TEST(SpoolPage, IsReadBackAsItWasWritten) {
  EXPECT_EQ(read_spool_page(spool_page_json(full_page())), full_page());
  EXPECT_EQ(read_spool_page(spool_page_json(SpoolPage())), SpoolPage());
}

TEST(SpoolPage, WhatIsAbsentIsNullAndOneLineEndsIt) {
  const std::string json = spool_page_json(SpoolPage());
  EXPECT_THAT(json, HasSubstr(R"("records":0,)"));
  EXPECT_THAT(json, HasSubstr(R"("oldest_received_at":null,)"));
  EXPECT_EQ(json.find('\n'), json.size() - 1);
}

TEST(SpoolPage, ThatOfAnAgentFromBeforeTheLedgerHasEventsAlone) {
  const auto page = read_spool_page(R"({"epoch_id":"","records":3,"first_leaf":5,"last_leaf":7,"stores":[]})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->last_event, 7U);
  EXPECT_EQ(page->records(), 3U);
}

TEST(SpoolPage, WithoutAnEpochTheReasonIsShownInItsPlace) {
  SpoolPage page = full_page();
  page.epoch_id.clear();
  page.epoch_trouble = "no epoch of the ledger could be begun: no space";
  EXPECT_EQ(read_spool_page(spool_page_json(page)), page);
  EXPECT_THAT(spool_status_text(page, true),
              HasSubstr("epoch:    none; no epoch of the ledger could be begun: no space\n"));
  page.epoch_trouble.clear();
  EXPECT_THAT(spool_status_text(page, false), HasSubstr("epoch:    none\n"));
}

TEST(SpoolPage, WhatIsNoPageIsNothing) {
  for (const std::string_view text : {"", "[]", "{}", R"({"stores":[]})", R"({"epoch_id":"","stores":[1]})",
                                      R"({"epoch_id":"","stores":{}})", R"({"epoch_id":"","stores":[])"}) {
    EXPECT_FALSE(read_spool_page(text)) << text;
  }
}

TEST(SpoolStatusText, AnEmptySpoolSaysHowFarItWas) {
  SpoolPage page;
  page.first_leaf = 43;
  page.last_leaf = 42;
  EXPECT_THAT(spool_status_text(page, false), HasSubstr("records:  0, the last was 42\n"));
}

TEST(SpoolStatusText, NothingOfWhatAnswersMovesTheCursor) {
  SpoolPage page = full_page();
  const std::string evil = "\x1b]0;\xc2\x9b\n";
  for (std::string* text :
       {&page.path, &page.epoch_id, &page.epoch_trouble, &page.oldest_received_at, &page.newest_received_at,
        &page.drain_requested_at, &page.stores.front().name, &page.stores.front().incomplete_since,
        &page.stores.front().error_class, &page.stores.front().error_words}) {
    *text = evil;
  }
  const std::string text = spool_status_text(page, true);
  EXPECT_EQ(text.find_first_not_of("\n !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                                   "abcdefghijklmnopqrstuvwxyz{|}~"),
            std::string::npos)
      << text;
  EXPECT_THAT(text, HasSubstr("epoch:    ?]0;???\n"));
}

TEST(SpoolStatusText, SaysWhatEachStoreLacksAndWhy) {
  const std::string text = spool_status_text(full_page(), true);
  EXPECT_THAT(text, HasSubstr("draining: since 2026-11-24T16:27:15.348363Z\n"));
  EXPECT_THAT(text, HasSubstr("waiting for postgres: 9 (it has everything up to 4), may be incomplete since "
                              "2026-01-01T00:00:00.000000Z, hold: a right is missing\n"));
  EXPECT_THAT(text, HasSubstr("waiting for mongodb: turned off\n"));
}

TEST(ReachableAddress, AWildcardIsReachedOverLoopback) {
  EXPECT_EQ(reachable_address("0.0.0.0:9464"), "127.0.0.1:9464");
  EXPECT_EQ(reachable_address("[::]:9464"), "127.0.0.1:9464");
  EXPECT_EQ(reachable_address(":9464"), "127.0.0.1:9464");
  EXPECT_EQ(reachable_address("10.0.0.7:1"), "10.0.0.7:1");
  EXPECT_EQ(reachable_address(""), "");
}

}  // namespace
}  // namespace twinlog
