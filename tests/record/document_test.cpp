// HTTP bodies and generated log ids.
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "ledger/record/event_reader.h"
#include "ledger/record/uuid8.h"
#include "tests/record/read_support.h"

namespace twinlog {
namespace {

using testing::event_with;

class Documents : public ::testing::Test {
 protected:
  // One word for each element.
  std::string read(std::string_view json, std::size_t most = 10) {
    const auto outcomes = reader_.read_document(json, most, request_);
    if (!outcomes) {
      return outcomes.error().kind() == ErrorKind::kFull ? "full" : "invalid";
    }
    std::string words;
    for (const ReadOutcome& outcome : *outcomes) {
      const auto* accepted = std::get_if<AcceptedEvent>(&outcome);
      words += accepted != nullptr ? (accepted->event.repaired.empty() ? "taken " : "repaired ") : "rejected ";
    }
    return words;
  }

  static EventReaderSettings settings() {
    EventReaderSettings settings = testing::test_settings();
    settings.max_event = 1000;
    return settings;
  }
  EventReader reader_{settings()};
  EventReader::RequestContext request_;
};

TEST_F(Documents, AreOneObjectOrAnArray) {
  EXPECT_EQ(read(event_with("")), "taken ");
  EXPECT_EQ(read(" \n" + event_with("") + "\r\n"), "taken ");
  EXPECT_EQ(read("[" + event_with("") + " , " + event_with("") + "]"), "taken taken ");
  EXPECT_EQ(read(" [ ] "), "");
}

TEST_F(Documents, MayHoldElementsThatAreNoEvents) {
  EXPECT_EQ(read("[1,null,\"],[\",[[]],{}," + event_with("") + "]"),
            "rejected rejected rejected rejected rejected taken ");
  EXPECT_EQ(read("42"), "rejected ");
}

TEST_F(Documents, AreInvalidWhenAnyPartIsNotJson) {
  for (const std::string& json :
       {std::string(), std::string("["), std::string("[1,]"), std::string("[,1]"), std::string("[1 2]"),
        std::string("[1]]"), std::string("[1],[2]"), std::string("[x]"), std::string("{"), std::string("[{]}"),
        std::string("[\"a]"), "[" + event_with("") + ",{\"a\":1,}]"}) {
    EXPECT_EQ(read(json), "invalid") << json;
  }
}

TEST_F(Documents, ThatAreInvalidCountNothing) {
  EXPECT_EQ(read("[" + event_with("\"password\":1") + ",x]"), "invalid");
  EXPECT_EQ(request_.counts.redactions[0], 0U);
  EXPECT_EQ(request_.counts.repairs, ReadCounts().repairs);
}

TEST_F(Documents, HoldNoMoreEventsThanAllowed) {
  EXPECT_EQ(read("[1,2,3]", 3), "rejected rejected rejected ");
  EXPECT_EQ(read("[1,2,3]", 2), "full");
}

TEST_F(Documents, AreMendedElementByElement) {
  EXPECT_EQ(read("[" + event_with("") + "," + event_with("\"username\":\"\xff\"") + "," + event_with("") + "]"),
            "taken repaired taken ");
}

TEST_F(Documents, LimitEachElementByItself) {
  const std::string big = event_with("\"user_agent\":\"" + std::string(1000, 'x') + "\"");
  EXPECT_EQ(read("[" + big + "," + event_with("") + "]"), "rejected taken ");
}

class GeneratedIds : public ::testing::Test {
 protected:
  std::string id(std::string_view members, EventReader::RequestContext& request) {
    const std::string json = "{\"tenant_id\":\"t\"," + std::string(members) + "}";
    const ReadOutcome outcome = reader_.read_event(json, request);
    const auto* accepted = std::get_if<AcceptedEvent>(&outcome);
    return accepted == nullptr ? "refused" : accepted->event.log_id;
  }

  static constexpr std::string_view kMembers = R"("event_type":"logout","occurred_at":1700000000123)";
  EventReader reader_{testing::test_settings()};
};

TEST_F(GeneratedIds, AreTheVectorOfFormatMd) {
  EventReader::RequestContext request;
  EXPECT_EQ(id(kMembers, request), "018bcfe5-687b-8477-89d8-1951456d724d");
  EXPECT_EQ(id(kMembers, request), "018bcfe5-687b-8b96-9aba-4f320f89274f");
}

TEST_F(GeneratedIds, AreStableOverARetryOfTheSameRequest) {
  EventReader::RequestContext first;
  EventReader::RequestContext second;
  const std::vector<std::string> sent{id(kMembers, first), id(kMembers, first)};
  EXPECT_NE(sent[0], sent[1]);
  EXPECT_EQ(id(kMembers, second), sent[0]);
  EXPECT_EQ(id(kMembers, second), sent[1]);
}

TEST_F(GeneratedIds, FollowTheContentAndNotTheOrderOfMembers) {
  EventReader::RequestContext a;
  EventReader::RequestContext b;
  EventReader::RequestContext c;
  const std::string id_a = id(kMembers, a);
  EXPECT_EQ(id(R"("occurred_at":1700000000123,"event_type":"logout","log_id":null)", b), id_a);
  EXPECT_NE(id(std::string(kMembers) + R"(,"user_id":"u")", c), id_a);
}

TEST_F(GeneratedIds, CarryVersionVariantAndMilliseconds) {
  const std::string after = generated_log_id("k", 1'700'000'000'123'999, "{}", 0);
  EXPECT_EQ(after.substr(0, 15), "018bcfe5-687b-8");
  EXPECT_NE(std::string("89ab").find(after[19]), std::string::npos);
  EXPECT_EQ(generated_log_id("k", -1, "{}", 0).substr(0, 13), "ffffffff-ffff");
  EXPECT_EQ(generated_log_id("k", -1000, "{}", 0).substr(0, 13), "ffffffff-ffff");
  EXPECT_EQ(generated_log_id("k", -1001, "{}", 0).substr(0, 13), "ffffffff-fffe");
}

}  // namespace
}  // namespace twinlog
