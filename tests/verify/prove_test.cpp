// The proof of one event, found in stores of which nothing is trusted. The reader is a fake, for the reasons of
// store_image.h; real stores are read by tests/postgres and tests/mongodb.
#include "ledger/verify/prove.h"

#include <algorithm>

#include "ledger/proof/check_proof.h"
#include "tests/verify/attacked.h"

namespace twinlog {
namespace {

using testing::Attacked;
using testing::StoreImage;
using Kind = ProofOutcome::Kind;

class FakeProofReader final : public ProofReader {
 public:
  explicit FakeProofReader(const StoreImage& image) : image_(image) {}
  StoreStatus open() override { return {}; }
  StoreResult<std::vector<LedgerRow>> versions(const EventKey& key) override {
    std::vector<LedgerRow> found;
    std::ranges::copy_if(image_.rows, std::back_inserter(found), [&](const LedgerRow& row) {
      return row.version.event.tenant_id == key.tenant_id && row.version.event.log_id == key.log_id;
    });
    return found;
  }
  StoreResult<std::optional<LedgerEpochRow>> epoch(const Uuid& epoch_id) override {
    const auto found = std::ranges::find(image_.epochs, uuid_text(epoch_id), &LedgerEpochRow::epoch_id);
    return found == image_.epochs.end() ? std::nullopt : std::optional(*found);
  }
  StoreResult<std::vector<LedgerCheckpointRow>> checkpoints(const LeafPlace& leaf, std::size_t most) override {
    std::vector<LedgerCheckpointRow> found;
    std::ranges::copy_if(image_.checkpoints, std::back_inserter(found), [&](const LedgerCheckpointRow& row) {
      return row.epoch_id == leaf.epoch_id && row.size > leaf.index;
    });
    std::ranges::sort(found, {}, &LedgerCheckpointRow::size);
    found.resize(std::min(found.size(), most));
    return found;
  }
  StoreStatus tiles(const Uuid& epoch_id, std::uint64_t size, const RowSink<LedgerTileRow>& sink) override {
    for (LedgerTileRow tile : image_.tiles) {
      if (tile.epoch_id == epoch_id && tile.first_index < size) {
        if (const Status taken = sink(std::move(tile)); !taken) {
          return StoreError{Reaction::kHold, {}, {}, taken.error().message(), StoreStage::kRecords};
        }
      }
    }
    return {};
  }

 private:
  const StoreImage& image_;
};

class Prove : public Attacked {
 protected:
  ProofOutcome prove(const ProofOrder& order) {
    FakeProofReader postgres(world_.postgres());
    FakeProofReader mongodb(world_.mongodb());
    const std::array stores = {StoreOfProof{testing::kP, postgres}, StoreOfProof{testing::kM, mongodb}};
    auto outcome = prove_event(stores, order);
    EXPECT_TRUE(outcome.ok());
    return outcome ? *outcome : ProofOutcome{};
  }
  ProofOutcome prove(const std::string& log_id) {
    return prove({.key = {"acme", log_id}, .content_hash = {}, .shown = {}});
  }
  void expect_refused(const std::string& log_id) {
    const ProofOutcome outcome = prove(log_id);
    EXPECT_EQ(outcome.kind, Kind::kRefused);
    EXPECT_FALSE(outcome.files);
    EXPECT_FALSE(outcome.reasons.empty());
  }
  void edit(StoreImage& image) {
    LedgerRow& row = image.row("e2");
    row.version.event.service = "edited";
    make_row(row);
  }
};

TEST_F(Prove, MakesWhatItsReceiverAccepts) {
  const ProofOutcome outcome = prove("e2");
  ASSERT_EQ(outcome.kind, Kind::kProved);
  EXPECT_EQ(outcome.index, 2U);
  EXPECT_EQ(outcome.tree_size, 5U);  // The smallest checkpoint over it.
  const auto report = check_proof(outcome.files->proof, outcome.files->disclosure, std::nullopt, Archive{});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->verdict, ProofVerdict::kUnknownKey);
}

TEST_F(Prove, ShowsOnlyTheChosenFields) {
  const ProofOutcome outcome = prove({.key = {"acme", "e1"}, .content_hash = {}, .shown = std::set<std::uint8_t>{}});
  ASSERT_EQ(outcome.kind, Kind::kProved);
  const auto shown = parse_disclosure(outcome.files->disclosure);
  ASSERT_TRUE(shown);
  for (const auto& [field, what] : shown->fields) {
    EXPECT_EQ(std::holds_alternative<ShownField>(what), field <= kAlwaysDisclosed) << int{field};
  }
}

TEST_F(Prove, TakesWhatOneStoreHasWhole) {
  edit(world_.postgres());
  world_.mongodb().tiles.clear();  // Row of one store, tiles of the other.
  EXPECT_EQ(prove("e2").kind, Kind::kProved);
}

TEST_F(Prove, RefusesARowThatIsNotItsLeafInAnyStore) {
  edit(world_.postgres());
  edit(world_.mongodb());
  expect_refused("e2");
}

TEST_F(Prove, RefusesARowThatWasChangedWithItsTiles) {
  for (StoreImage& image : world_.stores) {
    edit(image);
    mend_tile(image, image.row("e2"));
  }
  expect_refused("e2");
}

TEST_F(Prove, RefusesWhereTilesOrTheBeginningAreGone) {
  const auto whole = world_.stores;
  for (StoreImage& image : world_.stores) {
    image.tiles.clear();
  }
  expect_refused("e1");
  world_.stores = whole;
  for (StoreImage& image : world_.stores) {
    image.epochs.clear();
  }
  expect_refused("e1");
}

TEST_F(Prove, IsPendingWhereNoSignedCheckpointCoversTheLeaf) {
  for (StoreImage& image : world_.stores) {
    for (LedgerCheckpointRow& row : image.checkpoints) {
      if (row.size > 2) {
        row.note[row.note.size() - 10] = row.note[row.note.size() - 10] == 'A' ? 'B' : 'A';
      }
    }
  }
  const ProofOutcome outcome = prove("e2");
  EXPECT_EQ(outcome.kind, Kind::kPending);
  EXPECT_FALSE(outcome.files);
}

TEST_F(Prove, FindsAConflictByItsHash) {
  const LedgerRow* conflict = world_.postgres().conflict("e4");
  ASSERT_NE(conflict, nullptr);
  const ProofOutcome outcome =
      prove({.key = {"acme", "e4"}, .content_hash = conflict->version.content_hash, .shown = {}});
  ASSERT_EQ(outcome.kind, Kind::kProved);
  EXPECT_EQ(outcome.index, 6U);
  EXPECT_EQ(prove({.key = {"acme", "e4"}, .content_hash = Digest{}, .shown = {}}).kind, Kind::kNotThere);
}

TEST_F(Prove, SaysWhereNoStoreHasTheEvent) {
  EXPECT_EQ(prove("nobody").kind, Kind::kNotThere);
}

}  // namespace
}  // namespace twinlog
