#include "ledger/record/inert_text.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

TEST(InertText, ATerminalMayObeyControlsFormatCharactersAndSeparators) {
  for (const std::int32_t point : {0x00, 0x1B, 0x7F, 0x85, 0x9B, 0xAD, 0x61C, 0x200B, 0x200E, 0x2028, 0x2029, 0x202E,
                                   0x2060, 0x2066, 0xFEFF, 0xE0001, 0xE0020, 0xE007F, 0x1D173}) {
    EXPECT_TRUE(moves_a_terminal(point)) << std::hex << point;
  }
  for (const std::int32_t point : {0x20, 0x7E, 0xA0, 0xE9, 0x3042, 0xFFFD, 0x1F600, 0x10FFFF}) {
    EXPECT_FALSE(moves_a_terminal(point)) << std::hex << point;
  }
}

TEST(InertText, AnEscapeIsWhatJsonReadsBack) {
  std::string out;
  append_unicode_escape(out, 0x9B);
  append_unicode_escape(out, 0xE0020);
  append_unicode_escape(out, 0x10FFFF);
  EXPECT_EQ(out, R"(\u009b\udb40\udc20\udbff\udfff)");
}

}  // namespace
}  // namespace twinlog
