#include "ledger/record/inert_json.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

TEST(InertJson, LeavesTextAndLineEndsAlone) {
  for (const std::string_view json :
       {"", "{}\n", "{\"a\":\"Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80\",\n  \"b\":1}\n"}) {
    EXPECT_EQ(inert_json(json), json);
  }
}

TEST(InertJson, EscapesWhatATerminalMayObey) {
  // DEL, CSI (U+009B), ALM (U+061C), RLO (U+202E), LRI (U+2066).
  EXPECT_EQ(inert_json("\"a\x7f\xc2\x9b"
                       "2J\xd8\x9c\xe2\x80\xae\xe2\x81\xa6z\""),
            R"("a\u007f\u009b2J\u061c\u202e\u2066z")");
}

TEST(InertJson, EscapesTagsBeyondTheFirstPlane) {
  EXPECT_EQ(inert_json("\"\U000E0020\U000E007F\""), R"("\udb40\udc20\udb40\udc7f")");
}

TEST(InertJson, WhatIsNoUtf8BecomesAQuestionMark) {
  EXPECT_EQ(inert_json("\"\x9b"
                       "2J\xc2\""),
            "\"?2J?\"");
}

}  // namespace
}  // namespace twinlog
