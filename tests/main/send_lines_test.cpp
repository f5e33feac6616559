#include "agent/cli/send_lines.h"

#include <gtest/gtest.h>

#include "tests/main/send_rig.h"

namespace twinlog {
namespace {

using ::twinlog::testing::Pipe;

/// "1:a 2:b" for the lines of `input`; too long ones as "N:!".
std::string read_all(const std::string& input, std::size_t line_bytes_most = 100) {
  Pipe pipe;
  pipe.write(input);
  pipe.close_write_end();
  LineReader reader(pipe.read_end, line_bytes_most);
  std::string text;
  while (!reader.at_end()) {
    EXPECT_TRUE(reader.read_some().ok());
    for (auto line = reader.next(); line; line = reader.next()) {
      text += (text.empty() ? "" : " ") + std::to_string(line->number) + ":" + (line->is_too_long ? "!" : line->text);
    }
  }
  return text;
}

TEST(SendLines, AreNumberedAsAnEditorCountsAndBlankOnesAreLeftOut) {
  EXPECT_EQ(read_all("a\n\nb\n \t\r\nc\r\n"), "1:a 3:b 5:c\r");
  EXPECT_EQ(read_all(""), "");
  EXPECT_EQ(read_all("\n\n"), "");
}

TEST(SendLines, TheLastOneMayLackItsEnd) {
  EXPECT_EQ(read_all("a\nb"), "1:a 2:b");
}

TEST(SendLines, ATooLongOneIsMarkedAndTheNextIsWhole) {
  EXPECT_EQ(read_all("1234\n12345\nx\n123456", 4), "1:1234 2:! 3:x 4:!");
}

TEST(SendLines, AnInputThatCannotBeReadIsRefused) {
  LineReader reader(-1, 100);
  EXPECT_EQ(reader.read_some().error().kind(), ErrorKind::kRefused);
}

}  // namespace
}  // namespace twinlog
