#include "ledger/base/bytes.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

// FIPS 180-4 and RFC 4231 test vectors.
TEST(Bytes, Sha256GivesThePublishedVector) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Bytes, HmacGivesThePublishedVector) {
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Bytes, HexadecimalRoundTripsAndRefusesOtherText) {
  EXPECT_EQ(from_hex("00ffAb"), std::string("\x00\xff\xab", 3));
  EXPECT_FALSE(from_hex("0").has_value());
  EXPECT_FALSE(from_hex("0g").has_value());
}

TEST(Bytes, AReaderThatRunsOutSaysSoAndGivesZero) {
  std::string bytes;
  put_u16(bytes, 0x0102);
  put_u64(bytes, 7);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.u64(), 7U);
  EXPECT_TRUE(reader.ok() && reader.at_end());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(Bytes, ADigestOfPiecesIsThatOfTheWhole) {
  Sha256 pieces;
  pieces.add("a");
  pieces.add("");
  pieces.add("bc");
  EXPECT_EQ(pieces.finish(), sha256("abc"));
  EXPECT_EQ(Sha256().finish(), sha256(""));
}

TEST(Bytes, AUuidRoundTripsAndOtherTextIsNone) {
  const std::string text = "019ab3c4-d5e6-7f00-8102-0304050607f8";
  const auto uuid = uuid_from_text(text);
  ASSERT_TRUE(uuid.has_value());
  EXPECT_EQ(uuid_text(*uuid), text);
  EXPECT_FALSE(uuid_from_text("019ab3c4d5e67f0081020304050607f8").has_value());
  EXPECT_FALSE(uuid_from_text("019ab3c4-d5e6-7f00-8102-0304050607g8").has_value());
}

TEST(Secrets, AreTheSameOnlyWhenEveryByteIs) {
  const Digest secret = sha256("secret");
  EXPECT_TRUE(is_same_secret(secret, sha256("secret")));
  for (std::size_t i = 0; i < secret.size(); ++i) {
    Digest other = secret;
    other.at(i) ^= 1U;
    EXPECT_FALSE(is_same_secret(secret, other)) << i;
  }
}

}  // namespace
}  // namespace twinlog
