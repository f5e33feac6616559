// The corpus of what is secret and what is evidence, which the oracle in Python reads, too
// (tests/oracle/corpus_test.py).
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "ledger/record/json_tape.h"
#include "ledger/record/json_writer.h"
#include "ledger/record/redaction.h"
#include "tests/record/read_support.h"

namespace twinlog {
namespace {

struct Case {
  std::string kind;      // secret, evidence, or session.
  std::string place;     // text: a value of metadata; member: metadata; name: username.
  std::string sent;      // Canonical JSON.
  std::string expected;  // Canonical JSON.
  std::string why;
  std::string text;  // What was sent, when it is a text.
};

std::vector<Case> corpus() {
  std::vector<Case> cases;
  std::ifstream file(std::string(TWINLOG_SOURCE_DIR) + "/tests/record/corpus/redaction.ndjson");
  for (std::string line; std::getline(file, line);) {
    const auto tape = parse_json(line);
    std::map<std::string_view, std::uint32_t> members;
    for (std::uint32_t key = 1; key < tape->nodes.size(); key = tape->end_of(key + 1)) {
      members[tape->view(key)] = key + 1;
    }
    Case each{std::string(tape->view(members["kind"])),
              std::string(tape->view(members["place"])),
              "",
              "",
              std::string(tape->view(members["why"])),
              ""};
    JsonWriter(*tape).append_value(each.sent, members["in"]);
    JsonWriter(*tape).append_value(each.expected, members["out"]);
    if (tape->nodes[members["in"]].kind == NodeKind::kString) {
      each.text = tape->view(members["in"]);
    }
    cases.push_back(std::move(each));
  }
  return cases;
}

// What is kept, as it stands in the canonical content.
std::string kept(const Case& each, const std::string& sent) {
  const std::string before = each.place == "name"   ? "\"username\":"
                             : each.place == "text" ? "\"metadata\":{\"x\":"
                                                    : "\"metadata\":";
  const std::string content = testing::stored(before + sent + (each.place == "text" ? "}" : ""));
  const auto tape = parse_json(content);
  for (std::uint32_t key = 1; tape && key < tape->nodes.size(); key = tape->end_of(key + 1)) {
    if (tape->view(key) == (each.place == "name" ? "username" : "metadata")) {
      std::string json;
      JsonWriter(*tape).append_value(json, each.place == "text" ? key + 3 : key + 1);
      return json;
    }
  }
  return each.place == "name" && sent == "\"\"" ? sent : content;
}

TEST(RedactionCorpus, TakesWhatIsSecretAndLeavesWhatIsEvidence) {
  std::map<std::string, int> kinds;
  for (const Case& each : corpus()) {
    EXPECT_EQ(kept(each, each.sent), each.expected) << each.kind << ", " << each.place << ": " << each.why;
    ++kinds[each.kind];
  }
  EXPECT_GE(kinds["secret"], 300);
  EXPECT_GE(kinds["evidence"], 300);
  EXPECT_GE(kinds["session"], 20);
}

TEST(RedactionCorpus, IsNotChangedBySendingAgainWhatWasKept) {
  for (const Case& each : corpus()) {
    EXPECT_EQ(kept(each, each.expected), each.expected) << each.why;
    if (each.place != "name") {
      EXPECT_EQ(testing::stored("\"metadata\":{\"x\":" + each.expected + "}").find("repaired"), std::string::npos)
          << each.expected;
    }
  }
}

TEST(RedactionCorpus, IsTheSameInsideOfOtherText) {
  for (const Case& each : corpus()) {
    if (each.place != "text" || each.text.find("\xEF\xBF\xBD") != std::string::npos) {
      continue;
    }
    RedactionCounts counts{};
    const std::string alone = redacted(each.text, counts).value_or(each.text);
    const std::string behind = "GET /x\xEF\xBF\xBD" + each.text;
    EXPECT_EQ(redacted(behind, counts).value_or(behind), "GET /x\xEF\xBF\xBD" + alone) << each.why;
  }
}

}  // namespace
}  // namespace twinlog
