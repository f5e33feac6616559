#include "plugins/mongodb/key_encoding.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/random_event.h"

namespace twinlog::mongodb {
namespace {

struct KeyVector {
  std::string key;
  std::string encoded;
};

class MongodbKey : public ::testing::TestWithParam<KeyVector> {};

TEST_P(MongodbKey, IsEncodedAndDecodedByTheVector) {
  EXPECT_EQ(encode_key(GetParam().key), GetParam().encoded);
  EXPECT_EQ(decode_key(GetParam().encoded), GetParam().key);
}

INSTANTIATE_TEST_SUITE_P(Vectors, MongodbKey,
                         ::testing::Values(KeyVector{"", "%"}, KeyVector{"plain", "plain"}, KeyVector{"%", "%25"},
                                           KeyVector{"%25", "%2525"}, KeyVector{"a.b", "a%2Eb"}, KeyVector{".", "%2E"},
                                           KeyVector{"$set", "%24set"}, KeyVector{"a$b", "a$b"}, KeyVector{"$", "%24"},
                                           KeyVector{"$$", "%24$"}, KeyVector{"%$.", "%25$%2E"},
                                           KeyVector{"\xC3\xA9.\xF0\x9F\x94\x91", "\xC3\xA9%2E\xF0\x9F\x94\x91"}));

TEST(MongodbKeyEncoding, RefusesToDecodeWhatItNeverWrites) {
  for (const char* text : {"", "%2", "%2e", "%41", "a%24b", "a.b", "$set", "%%", "100%"}) {
    EXPECT_EQ(decode_key(text), std::nullopt) << text;
  }
}

TEST(MongodbKeyEncoding, GivesBackRandomKeys) {
  const std::uint64_t seed = std::random_device{}();
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2'000; ++i) {
    const std::string key = testing::random_text(random, 40);
    EXPECT_EQ(decode_key(encode_key(key)), key) << "seed " << seed;
  }
}

}  // namespace
}  // namespace twinlog::mongodb
