// ledger/FORMAT.md shows what is written, to the byte: every vector of this folder's tests stands on it.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "ledger/leaf/field_table.h"
#include "ledger/note/checkpoint.h"
#include "ledger/note/retirement.h"
#include "ledger/proof/disclosure.h"
#include "ledger/proof/tlog_proof.h"
#include "ledger/tree/merkle.h"
#include "tests/ledger/scene.h"

namespace twinlog {
namespace {

const std::string& page() {
  static const std::string text = [] {
    std::ostringstream read;
    read << std::ifstream(TWINLOG_SOURCE_DIR "/ledger/FORMAT.md").rdbuf();
    return read.str();
  }();
  return text;
}

void expect_shown(const std::string& vector) {
  EXPECT_NE(page().find(vector), std::string::npos) << "ledger/FORMAT.md does not show\n" << vector;
}

TEST(FormatPage, ShowsEachLeafItsHashAndTheRootUpToIt) {
  const std::vector<std::string> leaves = ledger_scene::leaves();
  expect_shown(hex(leaves[0]) + "\nhash and root " + hex(ledger_scene::head_of(1).root) + "\n");
  for (std::size_t i = 1; i < leaves.size(); ++i) {
    expect_shown(hex(leaves[i]) + "\nhash " + hex(leaf_hash(leaves[i])) + "\nroot " +
                 hex(ledger_scene::head_of(i + 1).root) + "\n");
  }
}

TEST(FormatPage, ShowsErasureAndRetention) {
  for (const Leaf& leaf : {ledger_scene::erasure(), ledger_scene::retention()}) {
    const std::string bytes = encode_leaf(leaf.header, leaf.content);
    expect_shown(hex(bytes) + "\nhash " + hex(leaf_hash(bytes)) + "\n");
  }
  expect_shown(hex(salts_bytes(
      kept_after(ledger_scene::version().event, ledger_scene::record_key(), {kFieldUserId, kFieldAccount}))));
}

TEST(FormatPage, ShowsEachFieldsNumber) {
  for (std::uint8_t field = 1; field <= kFields; ++field) {
    expect_shown("| " + std::to_string(field) + " | " + std::string(kFieldNames.at(field - 1U)) + " |");
  }
}

TEST(FormatPage, ShowsSaltCommitmentAndContentRoot) {
  const RecordKey& key = ledger_scene::record_key();
  expect_shown(hex(salt_of(key, kFieldUsername)));
  expect_shown(hex(commitment(kFieldTenantId, salt_of(key, kFieldTenantId), "acme")));
  expect_shown(hex(content_root(ledger_scene::version().event, key)));
}

TEST(FormatPage, ShowsKeysAndNotes) {
  const SigningKey epoch = ledger_scene::epoch_key();
  const SigningKey enrolment = ledger_scene::enrolment_key();
  expect_shown(verifier_key_text(epoch.verifier()) + "\n");
  expect_shown(verifier_key_text(enrolment.verifier()) + "\n");
  expect_shown(sign_checkpoint(ledger_scene::head_of(1), epoch, &enrolment));
  expect_shown(sign_checkpoint(ledger_scene::head_of(5), epoch));
  expect_shown(sign_retirement({std::string(ledger_scene::kOrigin), ledger_scene::head_of(4), "node lost"}, enrolment));
}

TEST(FormatPage, ShowsProofAndDisclosure) {
  const TlogProof proof{.leaf = ledger_scene::leaves()[1],
                        .index = 1,
                        .hashes = inclusion_proof(ledger_scene::leaf_hashes(), 1),
                        .note = sign_checkpoint(ledger_scene::head_of(5), ledger_scene::epoch_key())};
  expect_shown(tlog_proof_text(proof));
  const std::string disclosure = disclosure_text(
      {.open = "", .note = "", .fields = disclose(ledger_scene::version().event, ledger_scene::record_key(), {})});
  expect_shown(disclosure.substr(disclosure.find("\"fields\"")));
}

}  // namespace
}  // namespace twinlog
