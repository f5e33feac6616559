#include "config/nearest.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

const std::vector<std::string> known_names{"spool.path", "spool.max_bytes", "retry.most", "log.level"};

TEST(Nearest, FindsAMistypedNameBySwapsGapsAndOtherLetters) {
  EXPECT_EQ(nearest("spool.pahts", known_names), "spool.path");
  EXPECT_EQ(nearest("spool.maxbytes", known_names), "spool.max_bytes");
  EXPECT_EQ(nearest("log.levle", known_names), "log.level");
  EXPECT_EQ(nearest("retry.max", known_names), "retry.most");
}

TEST(Nearest, FindsNothingWhenTheNameIsAnother) {
  EXPECT_EQ(nearest("cache.folder", known_names), "");
  EXPECT_EQ(nearest("", known_names), "");
  EXPECT_EQ(nearest("x", known_names), "");
  EXPECT_EQ(nearest(std::string(100000, 'x'), known_names), "");
}

}  // namespace
}  // namespace twinlog
