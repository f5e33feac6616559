#include "config/nearest.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

const std::vector<std::string> kKnown{"spool.path", "spool.max_bytes", "retry.most", "log.level"};

TEST(Nearest, FindsAMistypedNameBySwapsGapsAndOtherLetters) {
  EXPECT_EQ(nearest("spool.pahts", kKnown), "spool.path");
  EXPECT_EQ(nearest("spool.maxbytes", kKnown), "spool.max_bytes");
  EXPECT_EQ(nearest("log.levle", kKnown), "log.level");
  EXPECT_EQ(nearest("retry.max", kKnown), "retry.most");
}

TEST(Nearest, FindsNothingWhenTheNameIsAnother) {
  EXPECT_EQ(nearest("cache.folder", kKnown), "");
  EXPECT_EQ(nearest("", kKnown), "");
  EXPECT_EQ(nearest("x", kKnown), "");
  EXPECT_EQ(nearest(std::string(100000, 'x'), kKnown), "");
}

}  // namespace
}  // namespace twinlog
