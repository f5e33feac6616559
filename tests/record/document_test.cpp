// HTTP bodies.
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "ledger/record/event_reader.h"
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

}  // namespace
}  // namespace twinlog
