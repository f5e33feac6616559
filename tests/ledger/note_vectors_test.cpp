// The vectors of ledger/FORMAT.md, keys and notes.
#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "ledger/note/checkpoint.h"
#include "ledger/note/origin.h"

namespace twinlog {
namespace {

const Uuid epoch_id = *uuid_from_text("019ab3c4-d5e6-7f00-8102-0304050607f8");
constexpr std::string_view kEnrolmentName = "audit.example.com/twinlog/enrol/prod-1";
const std::string epoch_origin = origin_of("audit.example.com/twinlog/prod-1/auth", "auth-7f9c", epoch_id);

Seed seed_from(std::uint8_t first) {
  Seed seed{};
  std::iota(seed.begin(), seed.end(), first);
  return seed;
}

TreeHead head_of(std::uint64_t size, std::string_view root) {
  return {size, *array_from<32>(*from_hex(root))};
}

TEST(NoteVectors, KeysHold) {
  const SigningKey epoch(epoch_origin, seed_from(0x00));
  const SigningKey enrolment(std::string(kEnrolmentName), seed_from(0x40));
  EXPECT_EQ(verifier_key_text(epoch.verifier()),
            "audit.example.com/twinlog/prod-1/auth/auth-7f9c/019ab3c4-d5e6-7f00-8102-0304050607f8+9b8b8cb8+"
            "AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
  EXPECT_EQ(verifier_key_text(enrolment.verifier()),
            "audit.example.com/twinlog/enrol/prod-1+529e7053+ASVDuS/xCVURR2rcg2nbbdyTNmWhGXjdoUBO4QZsqVWd");
  const Result<VerifierKey> parsed = parse_verifier_key(verifier_key_text(epoch.verifier()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, epoch.verifier());
  const Result<SigningKey> again = parse_signing_key(enrolment.text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->verifier(), enrolment.verifier());
}

TEST(NoteVectors, CheckpointsHoldToTheByte) {
  const SigningKey epoch(epoch_origin, seed_from(0x00));
  const SigningKey enrolment(std::string(kEnrolmentName), seed_from(0x40));
  const std::string note = sign_checkpoint(
      head_of(1, "bbc909cf9cf26feb0088de4af61a90d0a4fbf35892d36f9b76f2abd6bfb95089"), epoch, &enrolment);
  EXPECT_EQ(note,
            epoch_origin + "\n1\nu8kJz5zyb+sAiN5K9hqQ0KT781iS02+bdvKr1r+5UIk=\n\n— " + epoch_origin +
                " m4uMuA3awwpXjh8b1bTcvucHC1dPEBezjKVsKr817EwBBbv2EHtJqNicIYILYnfhUE9k8j5DnJJ58Uv6tkLXpiysYwU=\n— " +
                std::string(kEnrolmentName) +
                " Up5wUxXo59bK41Ek1Ds7G/BtZnU40aE+zYCHZ09GgEY16eQ7xNgWr4PbCI3ZcX7nxVRi3w4F5m+JF5TYFO955jYDnAY=\n");
  const std::string larger =
      sign_checkpoint(head_of(5, "7be49c789c0e83333f148948fe9b59b3595913b16d5cfe02983d5ed15fd61b01"), epoch);
  EXPECT_NE(larger.find("m4uMuMv63OP2nJod1Q6hwfJWt4t1SWuSRu4NP3Wd9CQigj35gadTsacgloVwA+ktXGVrFhBmA/TenK0IbFZSxoq2FAQ="),
            std::string::npos);
}

TEST(NoteVectors, CheckpointIsReadBackAndHoldsForItsKeysAlone) {
  const SigningKey epoch(epoch_origin, seed_from(0x00));
  const SigningKey enrolment(std::string(kEnrolmentName), seed_from(0x40));
  const std::string note = sign_checkpoint(head_of(3, std::string(64, 'a')), epoch, &enrolment);
  const Result<SignedCheckpoint> parsed = parse_checkpoint(note);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(note_text(parsed->note), note);
  EXPECT_EQ(parsed->checkpoint.head.size, 3U);
  EXPECT_EQ(epoch_of_origin(parsed->checkpoint.origin), epoch_id);
  EXPECT_EQ(signed_by(parsed->note, epoch.verifier()), SignedBy::kYes);
  EXPECT_EQ(signed_by(parsed->note, enrolment.verifier()), SignedBy::kYes);
  EXPECT_EQ(signed_by(parsed->note, SigningKey(epoch_origin, seed_from(0x01)).verifier()), SignedBy::kNo);
}

// Results are kept: each answer must be that of its own key, text and signature, asked for the first time and again.
TEST(NoteVectors, AKeptAnswerIsOfTheSameKeyTextAndSignature) {
  const SigningKey one(epoch_origin, seed_from(0x00));
  const SigningKey other(epoch_origin, seed_from(0x01));
  constexpr std::size_t kTexts = 100;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < kTexts; ++i) {
      const std::string text = std::to_string(i);
      EXPECT_TRUE(is_signed_by(one.verifier().key, text, one.sign(text)));
      EXPECT_FALSE(is_signed_by(other.verifier().key, text, one.sign(text)));
      EXPECT_FALSE(is_signed_by(one.verifier().key, text, other.sign(text)));
      EXPECT_FALSE(is_signed_by(one.verifier().key, text + "0", one.sign(text)));
    }
  }
}

TEST(NoteVectors, NoByteOfACheckpointCanBeAnother) {
  const SigningKey epoch(epoch_origin, seed_from(0x00));
  const std::string note = sign_checkpoint(head_of(3, std::string(64, 'a')), epoch);
  for (std::size_t i = 0; i < note.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = note;
      changed[i] = static_cast<char>(static_cast<std::uint8_t>(changed[i]) ^ (1U << bit));
      const Result<SignedCheckpoint> parsed = parse_checkpoint(changed);
      EXPECT_TRUE(!parsed || signed_by(parsed->note, epoch.verifier()) != SignedBy::kYes) << i << " " << bit;
    }
  }
}

}  // namespace
}  // namespace twinlog
