#include "ledger/base/quantity_words.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

TEST(QuantityWords, DigitsAreGroupedByThree) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(12'345'678), "12,345,678");
}

TEST(QuantityWords, OneIsSingular) {
  EXPECT_EQ(count_words(0, "event"), "0 events");
  EXPECT_EQ(count_words(1, "event"), "1 event");
  EXPECT_EQ(count_words(2000, "event"), "2,000 events");
}

TEST(QuantityWords, BytesAreShownInTheLargestUnitThatFits) {
  EXPECT_EQ(bytes_words(1), "1 byte");
  EXPECT_EQ(bytes_words(1023), "1,023 bytes");
  EXPECT_EQ(bytes_words(1024), "1.0 KiB");
  EXPECT_EQ(bytes_words(1536U << 20U), "1.5 GiB");
  EXPECT_EQ(bytes_words(5ULL << 50U), "5120.0 TiB");
}

TEST(QuantityWords, TimesAreShownAsCoarselyAsTheyMatter) {
  const auto words = [](double seconds) { return time_words(std::chrono::duration<double>(seconds)); };
  EXPECT_EQ(words(0.04), "0.0 s");
  EXPECT_EQ(words(9.94), "9.9 s");
  EXPECT_EQ(words(119), "119 s");
  EXPECT_EQ(words(120), "2 min");
  EXPECT_EQ(words(7199), "120 min");
  EXPECT_EQ(words(7200), "2 h");
  EXPECT_EQ(words(172800), "2 days");
}

}  // namespace
}  // namespace twinlog
