// What comes out of a run, and that how it was sorted changes nothing.
#include "ledger/verify/known_findings.h"
#include "tests/verify/attacked.h"

namespace twinlog::testing {
namespace {

using Output = Attacked;

TEST_F(Output, KnownFindingsAreToldAndDoNotCount) {
  world_.postgres().drop_row("e3");
  world_.postgres().count_accounts();
  const Verified before = run();
  EXPECT_EQ(before.exit, 1);
  const Verified after = run({.known = {before.lines.begin(), before.lines.end()}});
  EXPECT_EQ(after.exit, 0) << after.text();
  EXPECT_NE(after.lines.front().find(R"("known":true)"), std::string::npos);
}

TEST_F(Output, KnownFindingsAreTakenHoweverTheyAreSpelled) {
  KnownFindings known;
  const std::string_view stale =
      R"({"verdict":"STALE","store":null,"origin":"a/b","leaf_index":18446744073709551615,"tenant_id":"t","log_id":"l",)"
      R"("detail":"d","known":true})";
  const std::string_view missing =
      R"({"detail": "it\u0073 row", "leaf_index": 3, "origin": null, "store": "mongodb", "verdict": "MISSING"})";
  const std::string_view summary = R"({"summary":{"exit":1}})";
  for (const std::string_view line : {missing, stale, std::string_view(), std::string_view(" \r"), summary}) {
    EXPECT_TRUE(take_known(line, known).ok()) << line;
  }
  EXPECT_EQ(known, (KnownFindings{R"({"verdict":"MISSING","store":"mongodb","origin":null,"leaf_index":3,)"
                                  R"("tenant_id":null,"log_id":null,"detail":"its row"})",
                                  R"({"verdict":"STALE","store":null,"origin":"a/b","leaf_index":18446744073709551615,)"
                                  R"("tenant_id":"t","log_id":"l","detail":"d"})"}));
}

TEST_F(Output, WhatIsNoFindingIsNoKnownOne) {
  KnownFindings known;
  for (const std::string_view line :
       {"MISSING", "[]", "{}", R"({"verdict":null})", R"({"verdict":"NONE"})",
        R"({"verdict":"MISSING","store":"oracle"})", R"({"verdict":"MISSING","leaf_index":-1})",
        R"({"verdict":"MISSING","leaf_index":"3"})", R"({"verdict":"MISSING","log_id":3})",
        R"({"verdict":"MISSING","detail":{}})"}) {
    EXPECT_FALSE(take_known(line, known).ok()) << line;
  }
  EXPECT_TRUE(known.empty());
}

TEST_F(Output, SortingInTinyPiecesGivesTheSame) {
  world_.postgres().drop_row("e3");
  world_.mongodb().row("e1").version.event.ip = "198.51.100.7";
  const Verified large = run();
  const Verified tiny = run({.sort_memory = 300});
  EXPECT_EQ(large.text(), tiny.text());
}

TEST_F(Output, EpochsThatEndedBeforeSinceAreNotJudged) {
  Epoch next(world_, {.seed = 2, .at = now_ + 100 * kSecond, .reason = OpenReason::kRestart, .previous = &*first_});
  next.close();
  now_ = next.now();
  world_.postgres().row("e3").version.event.ip = "198.51.100.7";
  EXPECT_EQ(run().exit, 1);
  EXPECT_EQ(run({.since = next.now() + kSecond}).exit, 0) << run({.since = next.now() + kSecond}).text();
}

TEST_F(Output, JsonHasTheMembersThatToolsRead) {
  world_.postgres().drop_row("e3");
  world_.postgres().count_accounts();
  const Verified verified = run();
  ASSERT_EQ(verified.lines.size(), 1U) << verified.text();
  EXPECT_EQ(verified.lines.front(),
            R"({"verdict":"MISSING","store":"postgres","origin":")" + first_->origin() +
                R"(","leaf_index":3,"tenant_id":"other","log_id":"e3","detail":"its row is not there"})");
  EXPECT_EQ(verified.summary_line,
            R"({"summary":{"exit":1,"epochs":1,"leaves":10,"records":7,"conflicts":2,"accounts":5,"pending":0,)"
            R"("unproved":0,"pruned_epochs":0,"findings":{"MISSING":1}}})");
}

}  // namespace
}  // namespace twinlog::testing
