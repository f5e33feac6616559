#include "tests/notary/notary_fixture.h"

#include <algorithm>

#include "ledger/note/note.h"
#include "ledger/tree/tree_proof.h"

namespace twinlog::testing {

using std::chrono::milliseconds;

std::vector<LeafType> GivenTree::own_types() const {
  std::vector<LeafType> types;
  for (const auto& [index, leaf] : own) {
    types.push_back(type_of(leaf.content));
  }
  return types;
}

NotaryTest::NotaryTest() {
  notary_settings_.origin = "audit.example.com/twinlog";
  notary_settings_.agent = "Auth-1";
  notary_settings_.facts = R"({"agent":"Auth-1","node":"n","pod":"p","version":"1"})";
  notary_settings_.pace = {
      .checkpoint_every = std::chrono::seconds{10}, .idle_every = std::chrono::minutes{5}, .most_leaves = 100};
}

void NotaryTest::start() {
  open();
  notary_ = std::make_unique<Notary>(notary_settings_,
                                     Enrolment("", throw_away_key(notary_settings_.origin, spool().identity())),
                                     Notary::Parts{.spool = spool(),
                                                   .clock = wall_,
                                                   .boottime =
                                                       [this] {
                                                         return std::chrono::duration_cast<std::chrono::microseconds>(
                                                                    clock_.steady_now().time_since_epoch()) +
                                                                slept_;
                                                       },
                                                   .random = random_,
                                                   .log = log_,
                                                   .answers = [this] { return answers_; },
                                                   .witnesses = [this] { return witnesses_; },
                                                   .on_signed = [] {},
                                                   .wake = [] {}});
  ASSERT_TRUE(notary_->begin().ok());
}

std::vector<Disposition> NotaryTest::commit(const std::vector<AcceptedEvent>& events) {
  notary_->before_commit();
  const auto rider = notary_->rider();
  if (!rider) {
    return {};
  }
  const CommitRequest request{.events = events};
  const auto outcome = spool().commit({&request, 1}, CommitMoment{.received_at = wall_.utc_now(), .rider = *rider});
  notary_->after_commit();
  return outcome ? outcome->front() : std::vector<Disposition>();
}

void NotaryTest::run_for(milliseconds time) {
  const auto end = clock_.steady_now() + time;
  while (clock_.steady_now() < end) {
    const milliseconds wait = std::min(notary_->step(), milliseconds{1000});
    clock_.advance(std::min(wait, std::chrono::ceil<milliseconds>(end - clock_.steady_now())));
  }
  notary_->step();
}

std::vector<GivenTree> NotaryTest::trees() {
  std::vector<GivenTree> trees;
  std::uint64_t after = 0;
  for (;;) {
    auto batch = spool().read_batch(after, 50, 1U << 20U);
    if (!batch || batch->last_number == 0) {
      EXPECT_TRUE(batch.has_value() && !batch->waits_for_note);
      break;
    }
    after = batch->last_number;
    if (trees.empty() || trees.back().epoch.id != batch->epoch.id) {
      trees.push_back(
          {.epoch = batch->epoch, .beginning = batch->ledger.beginning, .hashes = {}, .own = {}, .notes = {}});
    }
    GivenTree& tree = trees.back();
    if (batch->ledger.beginning) {
      const auto open = parse_leaf(batch->ledger.beginning->open);
      EXPECT_TRUE(open.has_value());
      tree.own.emplace(0, *open);
    }
    for (const LedgerTile& tile : batch->ledger.tiles) {
      EXPECT_EQ(tile.first_index, tree.hashes.size());
      tree.hashes.insert(tree.hashes.end(), tile.hashes.begin(), tile.hashes.end());
    }
    for (const OwnLeaf& own : batch->ledger.own_leaves) {
      const auto leaf = parse_leaf(own.leaf);
      EXPECT_TRUE(leaf.has_value());
      tree.own.emplace(own.index, *leaf);
    }
    std::ranges::copy(batch->ledger.checkpoints, std::back_inserter(tree.notes));
    for (const Uuid& closed : batch->closed) {
      const auto found = std::ranges::find(trees, closed, [](const GivenTree& each) { return each.epoch.id; });
      if (found != trees.end()) {
        found->is_closed = true;
      }
    }
  }
  std::ranges::for_each(trees, check_notes);
  return trees;
}

void NotaryTest::check_notes(const GivenTree& tree) {
  ASSERT_TRUE(tree.beginning.has_value());
  const auto open = parse_leaf(tree.beginning->open);
  ASSERT_TRUE(open.has_value());
  const auto key = parse_verifier_key(std::get<OpenLeaf>(open->content).verifier_key);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(tree.beginning->origin, key->name);
  const auto beginning = parse_checkpoint(tree.beginning->note);
  ASSERT_TRUE(beginning.has_value());
  EXPECT_EQ(beginning->note.signatures.size(), 2U);
  for (const LedgerCheckpoint& each : tree.notes) {
    const auto note = parse_checkpoint(each.note);
    ASSERT_TRUE(note.has_value());
    EXPECT_EQ(signed_by(note->note, *key), SignedBy::kYes);
    EXPECT_EQ(note->checkpoint.head.size, each.size);
    ASSERT_LE(each.size, tree.hashes.size());
    EXPECT_EQ(note->checkpoint.head.root, root_of(std::span(tree.hashes).first(each.size)));
    EXPECT_TRUE(each.size == 1 || tree.own.contains(each.size - 1)) << "signed over an event";
  }
}

}  // namespace twinlog::testing
