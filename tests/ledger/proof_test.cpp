// Proofs and disclosures: written, read back, checked; and nothing that was changed passes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ledger/base/base64.h"
#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/field_table.h"
#include "ledger/note/checkpoint.h"
#include "ledger/proof/check_proof.h"
#include "ledger/tree/merkle.h"
#include "tests/ledger/scene.h"

namespace twinlog {
namespace {

using ledger_scene::kEnrolmentName;
using ledger_scene::kOrigin;

TlogProof scene_proof() {
  return {.leaf = ledger_scene::leaves()[1],
          .index = 1,
          .hashes = inclusion_proof(ledger_scene::leaf_hashes(), 1),
          .note = sign_checkpoint(ledger_scene::head_of(5), ledger_scene::epoch_key())};
}

Disclosure scene_disclosure(const std::set<std::uint8_t>& shown) {
  const SigningKey enrolment = ledger_scene::enrolment_key();
  return {.open = ledger_scene::leaves()[0],
          .note = sign_checkpoint(ledger_scene::head_of(1), ledger_scene::epoch_key(), &enrolment),
          .fields = disclose(ledger_scene::version().event, ledger_scene::record_key(), shown)};
}

TrustFile scene_trust(const std::string& more = "") {
  return *parse_trust_file(verifier_key_text(ledger_scene::enrolment_key().verifier()) + "\n" + more);
}

/// Every field that an event can have, of every kind.
AuthEvent full_event() {
  AuthEvent event = ledger_scene::version().event;
  event.username = "Mar\"ia \\ \u00e9";
  event.occurred_at = -62'135'596'800'000'000;
  event.failed_login_attempts = 3;
  event.account_locked_until = kLatestTime;
  event.lock_kind = LockKind::kTemporary;
  event.metadata = R"({"a":[1,-0.5,1e+21,"x"],"b":{"c":null}})";
  event.repaired = {"ip", "username"};
  return event;
}

std::set<std::uint8_t> every_field() {
  std::set<std::uint8_t> fields;
  for (std::uint8_t field = 1; field <= kFields; ++field) {
    fields.insert(field);
  }
  return fields;
}

TEST(TlogProof, IsTextThatOthersReadAndIsReadBack) {
  const TlogProof proof = scene_proof();
  const std::string text = tlog_proof_text(proof);
  EXPECT_TRUE(text.starts_with("c2sp.org/tlog-proof@v1\nextra " + base64(proof.leaf) + "\nindex 1\n" +
                               base64(as_text(proof.hashes[0])) + "\n"));
  EXPECT_TRUE(text.ends_with("\n\n" + proof.note));
  const Result<TlogProof> parsed = parse_tlog_proof(text);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(*parsed, proof);
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) {
    all += text;
  }
  return all;
}

TEST(TlogProof, NothingElseIsOne) {
  const std::string extra = "c2sp.org/tlog-proof@v1\nextra QUJD\n";
  const std::string hash = base64(std::string(32, 'x')) + "\n";
  const std::string too_many = repeated(hash, kMostProofHashes + 1);
  const auto with = [&extra](const std::string& rest) { return std::string(extra).append(rest); };
  for (const std::string& text :
       {std::string(), std::string("c2sp.org/tlog-proof@v2\nextra QUJD\nindex 1\n\nnote"),
        std::string("c2sp.org/tlog-proof@v1\nindex 1\n\nnote"),
        std::string("c2sp.org/tlog-proof@v1\nextra \nindex 1\n\nn"), with("index 01\n\nn"), with("index -1\n\nn"),
        with("index 1 \n\nn"), with("index 18446744073709551616\n\nn"), with("index 1\nQUJD\n\nn"),
        with("index 1\n").append(hash), with("index 1\r\n\nn"), with("index 1\n").append(too_many).append("\nn")}) {
    EXPECT_FALSE(parse_tlog_proof(text)) << text;
  }
}

TEST(Disclosure, HoldsToTheVector) {
  const std::string text = disclosure_text(scene_disclosure({}));
  EXPECT_TRUE(text.starts_with(R"({"format":"twinlog-disclosure@v1","open":")"));
  EXPECT_TRUE(text.ends_with(
      R"("fields":[{"t":1,"name":"tenant_id","value":"acme","salt":"7346139595c0b41e497bbde365f42d0a"},)"
      R"({"t":2,"name":"log_id","value":"e-1","salt":"49d68753999ba68ce3897a686081b09d"},)"
      R"({"t":3,"name":"event_type","value":"login_success","salt":"b9ad2b2e346ac238505d365e9cb7fc56"},)"
      R"({"t":4,"name":"occurred_at","value":1709204400123456,"salt":"3063b6df0a2cdbb0851251d2c669d1bf"},)"
      R"({"t":6,"commitment":"5506ef242bf6952553aaae206925308a91cc3a8c90ac23e6c67a6dc8af04b960"},)"
      R"({"t":25,"commitment":"e5276355d055e9d6ddced8ad005aa63df25e82b1c78ad33c70f2abbf46e4cb11"}]})"
      "\n"))
      << text;
}

TEST(Disclosure, OfEveryKindOfFieldIsReadBackAndGivesTheRoot) {
  const AuthEvent event = full_event();
  Disclosure disclosure = scene_disclosure({});
  for (const std::set<std::uint8_t>& shown : {std::set<std::uint8_t>{}, std::set<std::uint8_t>{7, 24}, every_field()}) {
    disclosure.fields = disclose(event, ledger_scene::record_key(), shown);
    const std::string text = disclosure_text(disclosure);
    const Result<Disclosure> parsed = parse_disclosure(text);
    ASSERT_TRUE(parsed) << parsed.error().message() << text;
    EXPECT_EQ(*parsed, disclosure);
    EXPECT_TRUE(parse_disclosure(text.substr(0, text.size() - 1)));
    EXPECT_EQ(content_root(*parsed), content_root(event, ledger_scene::record_key()));
  }
}

TEST(Disclosure, OfAnErasedVersionShowsWhatIsLeft) {
  AuthEvent event = full_event();
  const Digest root = content_root(event, ledger_scene::record_key());
  const KeptFields kept = kept_after(event, ledger_scene::record_key(), {kFieldUsername});
  event.username.reset();
  Disclosure disclosure = scene_disclosure({});
  disclosure.fields = disclose(event, kept, every_field());
  EXPECT_TRUE(std::holds_alternative<Digest>(disclosure.fields.at(kFieldUsername)));
  EXPECT_TRUE(std::holds_alternative<ShownField>(disclosure.fields.at(kFieldMetadata)));
  EXPECT_EQ(content_root(disclosure), root);
}

TEST(Disclosure, NothingElseIsOne) {
  const std::string text = disclosure_text(scene_disclosure({}));
  const auto with = [&text](std::string_view what, std::string_view other) {
    std::string changed = text;
    const std::size_t place = changed.find(what);
    EXPECT_NE(place, std::string::npos) << what;
    return changed.replace(place, what.size(), other);
  };
  for (const std::string& other : {std::string(),
                                   std::string("{}"),
                                   std::string("[]"),
                                   text + "\n",
                                   " " + text,
                                   with("@v1", "@v2"),
                                   with("\"t\":1,", "\"t\":1.0,"),
                                   with("\"t\":1,", "\"t\":0,"),
                                   with("\"t\":1,", "\"t\":300,"),
                                   with("\"t\":1,", "\"t\":2,"),
                                   with("\"acme\"", "7"),
                                   with("\"name\":\"tenant_id\"", "\"name\":\"log_id\""),
                                   with("1709204400123456", "1709204400123456.0"),
                                   with("1709204400123456", "\"1709204400123456\""),
                                   with("\"salt\":\"", "\"salt\":\"0"),
                                   with("\"commitment\":\"", "\"commitment\":\"00"),
                                   with("\"open\":\"VFdM", "\"open\":\"?FdM"),
                                   with("{\"format\"", "{\"more\":1,\"format\""),
                                   with("\"note\"", "\"Note\""),
                                   with("acme", "\xFF\xFE")}) {
    EXPECT_FALSE(parse_disclosure(other)) << other;
  }
}

ProofVerdict verdict_of(const TlogProof& proof, const Disclosure& disclosure, const std::optional<TrustFile>& trust,
                        const std::string& reason = "") {
  const Result<ProofReport> report = check_proof(proof, disclosure, trust, {});
  EXPECT_TRUE(report) << report.error().message();
  const bool is_said =
      reason.empty() || (!report->reasons.empty() && report->reasons[0].find(reason) != std::string::npos);
  EXPECT_TRUE(is_said) << reason << ": " << (report->reasons.empty() ? "nothing" : report->reasons[0]);
  return report->verdict;
}

TEST(CheckProof, ProvesAnEventToWhoTrustsTheKey) {
  const Result<ProofReport> report =
      check_proof(tlog_proof_text(scene_proof()), disclosure_text(scene_disclosure({kFieldUserId})), scene_trust(), {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->verdict, ProofVerdict::kProved);
  EXPECT_TRUE(report->reasons.empty());
  EXPECT_EQ(report->origin, kOrigin);
  EXPECT_EQ(report->tree_size, 5U);
  EXPECT_EQ(report->leaf.index, 1U);
}

TEST(CheckProof, WithoutTrustSaysThatTheKeyIsUnknown) {
  EXPECT_EQ(verdict_of(scene_proof(), scene_disclosure({}), std::nullopt), ProofVerdict::kUnknownKey);
}

TEST(CheckProof, WhatIsRevokedOrOfAStrangerIsNotProved) {
  EXPECT_EQ(
      verdict_of(scene_proof(), scene_disclosure({}), scene_trust("revoked " + std::string(kEnrolmentName)), "revoked"),
      ProofVerdict::kNotProved);
  EXPECT_EQ(verdict_of(scene_proof(), scene_disclosure({}), scene_trust("revoked " + std::string(kOrigin) + " after 4"),
                       "revoked after fewer leaves"),
            ProofVerdict::kNotProved);
  const SigningKey stranger("stranger", ledger_scene::seed_from(0x20));
  EXPECT_EQ(verdict_of(scene_proof(), scene_disclosure({}),
                       parse_trust_file(verifier_key_text(stranger.verifier())).value(), "no key of the trust file"),
            ProofVerdict::kNotProved);
}

TEST(CheckProof, PartsThatDoNotBelongTogetherAreNotProved) {
  const std::optional<TrustFile> trust = scene_trust();
  TlogProof proof = scene_proof();
  proof.leaf = ledger_scene::leaves()[3];
  EXPECT_EQ(verdict_of(proof, scene_disclosure({}), trust, "not that of an event"), ProofVerdict::kNotProved);
  proof = scene_proof();
  proof.index = 0;
  EXPECT_EQ(verdict_of(proof, scene_disclosure({}), trust, "another index"), ProofVerdict::kNotProved);
  Disclosure disclosure = scene_disclosure({});
  disclosure.fields.erase(kFieldUserId);
  EXPECT_EQ(verdict_of(scene_proof(), disclosure, trust, "left out"), ProofVerdict::kNotProved);
  disclosure = scene_disclosure({});
  disclosure.open = ledger_scene::leaves()[2];
  EXPECT_EQ(verdict_of(scene_proof(), disclosure, trust, "another leaf"), ProofVerdict::kNotProved);
  disclosure = scene_disclosure({});
  disclosure.note = sign_checkpoint(ledger_scene::head_of(2), ledger_scene::epoch_key());
  EXPECT_EQ(verdict_of(scene_proof(), disclosure, trust, "the note of size 1"), ProofVerdict::kNotProved);
}

TEST(CheckProof, CheckpointOfAnotherKeyOfTheSameNameIsNotProved) {
  TlogProof proof = scene_proof();
  proof.note =
      sign_checkpoint(ledger_scene::head_of(5), SigningKey(std::string(kOrigin), ledger_scene::seed_from(0x01)));
  EXPECT_EQ(verdict_of(proof, scene_disclosure({}), scene_trust(), "the checkpoint is not signed"),
            ProofVerdict::kNotProved);
}

TEST(CheckProof, NoByteOfAProofCanBeAnother) {
  const std::string proof = tlog_proof_text(scene_proof());
  const std::string disclosure = disclosure_text(scene_disclosure({}));
  const std::optional<TrustFile> trust = scene_trust();
  for (std::size_t i = 0; i < proof.size(); ++i) {
    const Result<ProofReport> report = check_proof(ledger_scene::flipped(proof, i, i % 8), disclosure, trust, {});
    EXPECT_TRUE(!report || report->verdict == ProofVerdict::kNotProved) << i;
  }
}

TEST(CheckProof, NoByteOfADisclosureCanBeAnother) {
  const std::string proof = tlog_proof_text(scene_proof());
  const std::string disclosure = disclosure_text(scene_disclosure({kFieldUserId}));
  const std::optional<TrustFile> trust = scene_trust();
  for (std::size_t i = 0; i + 1 < disclosure.size(); ++i) {
    const Result<ProofReport> report = check_proof(proof, ledger_scene::flipped(disclosure, i, i % 8), trust, {});
    EXPECT_TRUE(!report || report->verdict == ProofVerdict::kNotProved) << i;
  }
}

}  // namespace
}  // namespace twinlog
