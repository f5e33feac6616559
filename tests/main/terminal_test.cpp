#include "agent/cli/terminal.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

TEST(Terminal, BytesAreShownInTheLargestUnitThatFits) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1024), "1.0 KiB");
  EXPECT_EQ(bytes_text(1536U << 20U), "1.5 GiB");
  EXPECT_EQ(bytes_text(5ULL << 50U), "5120.0 TiB");
}

TEST(Terminal, TimesAreShownAsCoarselyAsTheyMatter) {
  EXPECT_EQ(seconds_text(0.04), "0.0 s");
  EXPECT_EQ(seconds_text(9.94), "9.9 s");
  EXPECT_EQ(seconds_text(119.9), "119 s");
  EXPECT_EQ(seconds_text(120), "2 min");
  EXPECT_EQ(seconds_text(7199), "119 min");
  EXPECT_EQ(seconds_text(7200), "2 h");
  EXPECT_EQ(seconds_text(172800), "2 d");
}

TEST(Terminal, OneEventIsSingular) {
  EXPECT_EQ(events_text(0), "0 events");
  EXPECT_EQ(events_text(1), "1 event");
  EXPECT_EQ(events_text(2), "2 events");
}

}  // namespace
}  // namespace twinlog
