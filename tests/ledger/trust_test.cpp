// Trust files, archives and retirements: what is taken, what is refused in which words, and whose word counts.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ledger/base/base64.h"
#include "ledger/note/archive.h"
#include "ledger/note/retirement.h"
#include "ledger/note/trust_file.h"
#include "tests/ledger/scene.h"

namespace twinlog {
namespace {

using ledger_scene::kEnrolmentName;
using ledger_scene::kOrigin;

const std::string enrolment_text = verifier_key_text(ledger_scene::enrolment_key().verifier());
const std::string epoch_text = verifier_key_text(ledger_scene::epoch_key().verifier());

std::string note_of(std::size_t size) {
  const SigningKey enrolment = ledger_scene::enrolment_key();
  return sign_checkpoint(ledger_scene::head_of(size), ledger_scene::epoch_key(), size == 1 ? &enrolment : nullptr);
}

TrustFile trust_of(const std::string& text) {
  Result<TrustFile> trust = parse_trust_file(text);
  EXPECT_TRUE(trust) << (trust ? "" : trust.error().message());
  return trust ? std::move(*trust) : TrustFile{};
}

TEST(TrustFile, TakesEveryStatement) {
  const TrustFile trust = trust_of("# ours\n\n" + enrolment_text + " audit.example.com/twinlog/  # of prod\r\n\t" +
                                   epoch_text + "\nrevoked old-key\nrevoked " + std::string(kOrigin) +
                                   " after 4\nunproved before 2026-11-24T02:00:00+02:00 17");
  ASSERT_EQ(trust.keys.size(), 2U);
  EXPECT_EQ(trust.keys[0].key, ledger_scene::enrolment_key().verifier());
  EXPECT_EQ(trust.keys[0].origin_prefix, "audit.example.com/twinlog/");
  EXPECT_EQ(trust.keys[1].origin_prefix, "");
  EXPECT_TRUE(trust.revoked_keys.contains("old-key"));
  EXPECT_EQ(trust.revoked_after.at(std::string(kOrigin)), 4U);
  ASSERT_TRUE(trust.unproved);
  EXPECT_EQ(*trust.unproved, (UnprovedRows{1'795'478'400'000'000, 17}));
}

TEST(TrustFile, NamesLineAndReasonOfAMistake) {
  const std::string origin(kOrigin);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "names no key"},
      {"# only this", "names no key"},
      {enrolment_text + "\nrevoked", "line 2: expected `revoked"},
      {enrolment_text + " a b", "line 1: a key is followed by at most one"},
      {enrolment_text.substr(0, enrolment_text.size() - 1), "line 1: not a verifier key"},
      {"\n" + enrolment_text + " pre+fix", "line 2: the origin prefix"},
      {enrolment_text + "\nrevoked " + origin + " after x", "line 2: the size"},
      {enrolment_text + "\nrevoked " + origin + " after 8388609", "line 2: the size"},
      {enrolment_text + "\nrevoked " + origin + " since 4", "line 2: expected `revoked"},
      {enrolment_text + "\nrevoked a-key after 4", "line 2: an origin ends"},
      {enrolment_text + "\nrevoked " + enrolment_text, "line 2: what is revoked is the name of no key"},
      {enrolment_text + "\nunproved before yesterday", "line 2: the time"},
      {enrolment_text + "\nunproved before 2026-11-24T00:00:00", "line 2: the time"},
      {enrolment_text + "\nunproved before 2026-11-24T00:00:00Z many", "line 2: the rows"},
      {enrolment_text + "\nunproved before 2026-11-24T00:00:00Z\nunproved before 2026-11-24T00:00:00Z", "line 3"},
      {enrolment_text + "\nunproved", "line 2: expected `unproved"},
      {std::string(kMostTrustFileBytes + 1, '#'), "more than"},
  };
  for (const auto& [text, words] : cases) {
    const Result<TrustFile> trust = parse_trust_file(text);
    ASSERT_FALSE(trust) << words;
    EXPECT_NE(trust.error().message().find(words), std::string::npos) << trust.error().message();
  }
}

Authority authority(const std::string& trust, const std::string& archived = "",
                    const std::string& beginning = note_of(1)) {
  return authority_of(*parse_checkpoint(beginning), trust_of(trust), *parse_archive(archived));
}

TEST(TrustFile, SaysWhoseBeginningsCount) {
  EXPECT_EQ(authority(enrolment_text), Authority::kTrusted);
  EXPECT_EQ(authority(epoch_text), Authority::kTrusted);
  EXPECT_EQ(authority(enrolment_text + " audit.example.com/twinlog/prod-1/"), Authority::kTrusted);
  EXPECT_EQ(authority(enrolment_text + " audit.example.com/twinlog/prod-2/"), Authority::kUnknown);
  const SigningKey stranger("stranger", ledger_scene::seed_from(0x20));
  EXPECT_EQ(authority(verifier_key_text(stranger.verifier())), Authority::kUnknown);
}

TEST(TrustFile, ForgedSignatureOfATrustedKeyIsNamed) {
  SignedCheckpoint beginning = *parse_checkpoint(note_of(1));
  beginning.note.signatures[1].signature[0] ^= 1U;
  EXPECT_EQ(authority(enrolment_text, "", note_text(beginning.note)), Authority::kWrongSignature);
}

TEST(TrustFile, WhatARevokedKeyAuthorisedCountsOnlyFromAnArchive) {
  const std::string trust = enrolment_text + "\nrevoked " + std::string(kEnrolmentName) + "\n";
  EXPECT_EQ(authority(trust), Authority::kRevoked);
  EXPECT_EQ(authority(trust, "checkpoint " + base64(note_of(1))), Authority::kTrusted);
  EXPECT_EQ(authority(trust, "checkpoint " + base64(note_of(5))), Authority::kRevoked);
}

TEST(TrustFile, KeyOfAnEpochSpeaksForNoOther) {
  const SigningKey epoch = ledger_scene::epoch_key();
  const SigningKey other("audit.example.com/twinlog/prod-1/auth/auth-7f9c/019ab3c4-d5e6-7f00-8102-0304050607f9",
                         ledger_scene::seed_from(0x60));
  EXPECT_EQ(authority(epoch_text, "", sign_checkpoint(ledger_scene::head_of(1), other, &epoch)), Authority::kUnknown);
  const SigningKey thrown("audit.example.com/throw-away/019ab3c4-d5e6-7f00-8102-0304050607fa",
                          ledger_scene::seed_from(0x61));
  EXPECT_EQ(
      authority(verifier_key_text(thrown.verifier()), "", sign_checkpoint(ledger_scene::head_of(1), other, &thrown)),
      Authority::kTrusted);
}

TEST(TrustFile, RevokedOriginCountsUpToItsSize) {
  const TrustFile trust = trust_of(enrolment_text + "\nrevoked " + std::string(kOrigin) + " after 4\nrevoked " +
                                   std::string(kOrigin) + " after 6\n");
  EXPECT_TRUE(counts({std::string(kOrigin), ledger_scene::head_of(4)}, trust));
  EXPECT_FALSE(counts({std::string(kOrigin), ledger_scene::head_of(5)}, trust));
  EXPECT_TRUE(counts({"another", ledger_scene::head_of(5)}, trust));
}

TEST(Archive, TakesNotesOutOfLogsOfEveryMake) {
  const std::string one = base64(note_of(1));
  const std::string five = base64(note_of(5));
  const Result<Archive> archive =
      parse_archive("2026-11-24 info agent started, checkpoint_every 10s\ncheckpoint " + one +
                    "\r\n{\"msg\":\"checkpoint " + five + "\",\"n\":1}\n{\"checkpoint\":\"" + one +
                    "\"}\ncheckpoint saved to disk\nno checkpoint\ncheckpoint "
                    "acknowledgements everywhere\nprecheckpoint " +
                    one + "x\n");
  ASSERT_TRUE(archive) << archive.error().message();
  ASSERT_EQ(archive->checkpoints().size(), 2U);
  EXPECT_EQ(archive->checkpoints()[0].line, 2U);
  EXPECT_EQ(archive->checkpoints()[1].line, 3U);
  EXPECT_EQ(archive->checkpoints()[1].checkpoint.checkpoint.head, ledger_scene::head_of(5));
  EXPECT_TRUE(archive->has({std::string(kOrigin), ledger_scene::head_of(1)}));
  EXPECT_FALSE(archive->has({std::string(kOrigin), ledger_scene::head_of(4)}));
}

TEST(Archive, NamesLineAndReasonOfWhatIsNoCheckpoint) {
  const std::string retired =
      sign_retirement({std::string(kOrigin), ledger_scene::head_of(4), "node lost"}, ledger_scene::enrolment_key());
  for (const auto& [line, words] : std::vector<std::pair<std::string, std::string>>{
           {"checkpoint " + base64("not a note, and long enough"), "line 2: not a signed note"},
           {"checkpoint " + base64(note_of(1)).substr(0, 101), "line 2: what stands behind"},
           {"checkpoint " + base64(retired), "line 2: not a checkpoint"}}) {
    const Result<Archive> archive = parse_archive("fine\n" + line + "\n");
    ASSERT_FALSE(archive) << line;
    EXPECT_NE(archive.error().message().find(words), std::string::npos) << archive.error().message();
  }
}

TEST(Retirement, HoldsToTheVectorAndIsReadBack) {
  const Retirement retirement{std::string(kOrigin), ledger_scene::head_of(4), "node lost"};
  const std::string note = sign_retirement(retirement, ledger_scene::enrolment_key());
  EXPECT_EQ(note,
            "twinlog.retired/v1\n" + std::string(kOrigin) + "\n4\n" + base64(as_text(ledger_scene::head_of(4).root)) +
                "\nnode lost\n\n— " + std::string(kEnrolmentName) +
                " Up5wU4LDz+Mm7GszhbyJPu0ezF1o1OJiLlCJPxBRh8IVFcvSriqoYE8Ng8Hu8sMKCAVHhYeQ/UdzOL5sNQReDDUMWQ4=\n");
  const Result<SignedRetirement> parsed = parse_retirement(note);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->retirement, retirement);
  EXPECT_EQ(signed_by(parsed->note, ledger_scene::enrolment_key().verifier()), SignedBy::kYes);
}

TEST(Retirement, NothingElseIsOne) {
  const std::string body = retirement_body({std::string(kOrigin), ledger_scene::head_of(4), "node lost"});
  ASSERT_TRUE(parse_retirement_body(body));
  for (const std::string& other :
       {body.substr(1), body + "\n", body + "more\n", body.substr(0, body.size() - 1),
        std::string("twinlog.retired/v1\n"), std::string(), body.substr(0, body.size() - 10) + "\n",
        retirement_body({std::string(kOrigin), ledger_scene::head_of(4), std::string(201, 'x')}),
        retirement_body({std::string(kOrigin), ledger_scene::head_of(4), "a\tb"}),
        retirement_body({std::string(kOrigin), {0, ledger_scene::head_of(4).root}, "node lost"})}) {
    EXPECT_FALSE(parse_retirement_body(other)) << other;
  }
}

TEST(Retirement, NoBitOfItCanBeAnother) {
  const std::string note =
      sign_retirement({std::string(kOrigin), ledger_scene::head_of(4), "node lost"}, ledger_scene::enrolment_key());
  for (std::size_t i = 0; i < note.size() * 8; ++i) {
    const Result<SignedRetirement> parsed = parse_retirement(ledger_scene::flipped(note, i / 8, i % 8));
    EXPECT_TRUE(!parsed || signed_by(parsed->note, ledger_scene::enrolment_key().verifier()) != SignedBy::kYes) << i;
  }
}

}  // namespace
}  // namespace twinlog
