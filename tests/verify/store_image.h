// Stores in memory that agents have filled as the ledger has it: what `twinlog verify` is shown, whole or tampered
// with. The reader is a fake: real stores are read by the readers of their plugins, which have tests of their own; here
// every forgery has to be possible, also those that a server's constraints would refuse.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/leaf/leaf.h"
#include "ledger/note/signing_key.h"
#include "ledger/tree/frontier.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/verify.h"
#include "plugins/api/ledger_reader.h"

namespace twinlog::testing {

inline constexpr UtcMicros kSecond = 1'000'000;
inline constexpr UtcMicros kBegin = 1'795'486'260'000'000;

struct StoreImage {
  std::vector<LedgerCheckpointRow> checkpoints;
  std::vector<LedgerEpochRow> epochs;
  std::vector<LedgerAccountRow> accounts;
  std::vector<LedgerTileRow> tiles;
  std::vector<LedgerLeafRow> leaves;
  std::vector<LedgerRow> rows;

  /// As a store takes it: record, conflict, or further acceptance.
  void take(const Version& version);
  void count_accounts();
  LedgerRow& row(const std::string& log_id);
  LedgerRow* conflict(const std::string& log_id);
  LedgerAccountRow& account(const std::string& account);
  void drop_row(const std::string& log_id);
  LedgerTileRow& tile_of(const Uuid& epoch, std::uint64_t index);
};

class FakeLedgerReader final : public LedgerReader {
 public:
  explicit FakeLedgerReader(const StoreImage& image) : image_(image) {}
  StoreStatus open() override { return {}; }
  StoreResult<LedgerSizes> sizes() override { return LedgerSizes{image_.rows.size(), 0, 0}; }
  StoreStatus checkpoints(const RowSink<LedgerCheckpointRow>& sink) override { return each(image_.checkpoints, sink); }
  StoreStatus epochs(const RowSink<LedgerEpochRow>& sink) override { return each(image_.epochs, sink); }
  StoreStatus accounts(const RowSink<LedgerAccountRow>& sink) override { return each(image_.accounts, sink); }
  StoreStatus tiles(const RowSink<LedgerTileRow>& sink) override { return each(image_.tiles, sink); }
  StoreStatus leaves(const RowSink<LedgerLeafRow>& sink) override { return each(image_.leaves, sink); }
  StoreStatus rows(const RowSink<LedgerRow>& sink) override { return each(image_.rows, sink); }
  void tell_broken(RowSink<BrokenRow> sink) override { broken_ = std::move(sink); }

 private:
  template <typename Row>
  StoreStatus each(const std::vector<Row>& all, const RowSink<Row>& sink) {
    for (Row row : all) {
      if (const Status taken = sink(std::move(row)); !taken) {
        return StoreError{Reaction::kHold, {}, {}, taken.error().message(), StoreStage::kRecords};
      }
    }
    return {};
  }
  const StoreImage& image_;
  RowSink<BrokenRow> broken_;
};

/// Both stores, and the key that enrols epochs.
struct World {
  World();
  std::array<StoreImage, kStoreSides> stores;
  SigningKey enrolment;
  std::vector<std::string> archive;  ///< Notes, as an agent's log has them.
  std::vector<std::string> trust;    ///< Lines of a trust file; "": none is given.
  StoreImage& postgres() { return stores[0]; }
  StoreImage& mongodb() { return stores[1]; }
};

AuthEvent login(const std::string& tenant, const std::string& log_id, const std::string& type = "login_failed",
                const std::string& user = "u1");

/// One run of an agent.
class Epoch {
 public:
  struct Begin {
    std::uint8_t seed = 1;  ///< Of its key and id.
    std::string agent = "auth-1";
    UtcMicros at = kBegin;
    OpenReason reason = OpenReason::kFirst;
    const Epoch* previous = nullptr;
    bool names_previous_tree = true;
    std::vector<Witness> witnesses = {};
    const SigningKey* enrolment = nullptr;  ///< Another than the world's.
  };
  Epoch(World& world, const Begin& begin);

  std::uint64_t event(const AuthEvent& event);
  std::uint64_t gap(const GapLeaf& gap) { return own(gap); }
  std::uint64_t erase(const EraseLeaf& erase) { return own(erase); }
  std::uint64_t prune(const PruneLeaf& prune) { return own(prune); }
  /// A leaf of that kind, a checkpoint over it, and the flush of all that waits.
  void heartbeat(std::vector<Witness> witnesses = {});
  void close(CloseReason reason = CloseReason::kStop);
  void checkpoint();
  void flush();
  void flush(StoreSide store);
  std::uint64_t own(const LeafContent& content);
  void skip_tenant_seq(const std::string& tenant) { ++tenants_[tenant]; }

  std::uint64_t size() const { return tree_.size(); }
  Digest root() const { return tree_.root(); }
  Witness witness() const { return {id_, tree_.size(), tree_.root()}; }
  const Uuid& id() const { return id_; }
  const std::string& origin() const { return key_.name(); }
  const SigningKey& key() const { return key_; }
  const std::string& note() const { return last_note_; }
  UtcMicros now() const { return now_; }
  /// What a store refuses of this epoch.
  std::map<StoreSide, std::vector<std::uint64_t>> refused;
  bool is_delivered_to(StoreSide store) const { return delivered_.at(static_cast<std::size_t>(store)) == tree_.size(); }

 private:
  struct Item {
    std::optional<Version> version;
    std::string leaf;
    UtcMicros at = 0;
  };
  EpochTally tally() const;
  std::uint64_t append(Item item);

  World& world_;
  Uuid id_{};
  SigningKey key_;
  std::string agent_;
  Frontier tree_;
  std::vector<Digest> hashes_;
  std::vector<Item> items_;
  std::vector<LedgerCheckpointRow> checkpoints_;
  LedgerEpochRow beginning_;
  std::array<std::uint64_t, kStoreSides> delivered_{};
  std::array<std::size_t, kStoreSides> notes_delivered_{};
  std::map<std::string, std::uint64_t> tenants_;
  std::uint64_t accepted_ = 0;
  std::uint64_t previous_size_ = 1;
  UtcMicros now_;
  std::string last_note_;
  UtcMicros began_at_;
};

struct Verified {
  int exit = -1;
  std::vector<Finding> findings;
  std::vector<std::string> lines;  ///< Of --json.
  VerifySummary summary;
  std::string summary_line;
  bool has(Verdict verdict) const;
  bool has(Verdict verdict, std::optional<StoreSide> store, std::optional<std::uint64_t> index) const;
  std::size_t count(Verdict verdict) const;
  std::string text() const;  ///< For messages.
};

struct VerifyAs {
  UtcMicros now = 0;
  std::optional<StoreSide> only = {};
  std::optional<UtcMicros> since = {};
  KnownFindings known = {};
  std::size_t sort_memory = 32U << 20U;
};
Verified verify(const World& world, const VerifyAs& as);

}  // namespace twinlog::testing
