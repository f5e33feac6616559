#include "tests/postgres/ledger_rig.h"

#include "ledger/record/canonical.h"

namespace twinlog::testing {

LedgerAgent::LedgerAgent(const Database& database, std::uint8_t number, const std::string& user)
    : name_("agent-" + std::to_string(number)),
      store_(make_postgres_store({.store = database.settings(user), .agent = name_}, real_clock())) {
  begin(number);
}

void LedgerAgent::begin(std::uint8_t number) {
  constexpr std::uint8_t kOfTheLedger = 0xA0;
  epoch_.fill(kOfTheLedger);
  epoch_.back() = number;
  next_index_ = 0;
  next_seq_ = 0;
}

Version LedgerAgent::accept(AuthEvent event) {
  Version version;
  version.content_hash = content_hash(canonical_content(event));
  version.received_at = std::max(event.occurred_at, kNoon) + 1000;
  version.effective_at = std::min(event.occurred_at, version.received_at);
  version.agent = name_;
  version.epoch_id = epoch_;
  version.leaf_index = next_index_++;
  version.arrival = {.ingress = Ingress::kUnix, .uid = 1000, .gid = 1001};
  LedgerPlace& place = version.ledger.emplace();
  place.tenant_seq = next_seq_++;
  place.record_key.fill(static_cast<std::uint8_t>(version.leaf_index + epoch_.back()));
  version.event = std::move(event);
  return version;
}

std::vector<Version> LedgerAgent::accept_all(const std::vector<AuthEvent>& events) {
  std::vector<Version> versions;
  versions.reserve(events.size());
  for (const AuthEvent& each : events) {
    versions.push_back(accept(each));
  }
  return versions;
}

OwnLeaf LedgerAgent::own_leaf(const std::string& bytes) {
  return {.index = next_index_++, .leaf = bytes};
}

LedgerTile LedgerAgent::tile_over(std::uint64_t first, std::uint64_t count) const {
  LedgerTile tile{.first_index = first, .hashes = {}, .first_accept_at = kNoon, .last_accept_at = kNoon + 1};
  for (std::uint64_t i = 0; i < count; ++i) {
    tile.hashes.push_back(sha256("leaf " + std::to_string(first + i)));
  }
  return tile;
}

FlushBatch LedgerAgent::batch(const std::vector<Version>& versions, std::vector<OwnLeaf> own) {
  std::uint64_t first = next_index_;
  std::uint64_t last = 0;
  AgentPosition position{.last_leaf = 0, .flushed_at = kNoon, .newest_effective_at = 0};
  for (const Version& version : versions) {
    first = std::min(first, version.leaf_index);
    last = std::max(last, version.leaf_index);
    position.newest_effective_at = std::max(position.newest_effective_at, version.effective_at);
  }
  for (const OwnLeaf& leaf : own) {
    first = std::min(first, leaf.index);
    last = std::max(last, leaf.index);
  }
  position.last_leaf = last;
  FlushBatch made{.epoch_id = epoch_, .versions = versions, .position = position};
  made.ledger.tiles.push_back(tile_over(first, last - first + 1));
  made.ledger.own_leaves = std::move(own);
  return made;
}

StoreResult<FlushReport> LedgerAgent::try_flush(const FlushBatch& batch) {
  if (!store_->is_connected()) {
    const auto connected = store_->connect(std::span<const Uuid>(&epoch_, 1));
    if (const StoreError* error = connected.ok() ? nullptr : &connected.error()) {
      return *error;
    }
  }
  return store_->flush(batch);
}

FlushReport LedgerAgent::flush(const FlushBatch& batch) {
  auto report = try_flush(batch);
  if (const StoreError* error = report.ok() ? nullptr : &report.error()) {
    ADD_FAILURE() << "store error " << error->code << ": " << error->words;
    return {};
  }
  return *report;
}

WholeStore whole_store(LedgerReader& reader) {
  WholeStore whole;
  const auto into = [](auto& rows) {
    return [&rows](auto&& row) -> Status {
      rows.push_back(std::forward<decltype(row)>(row));
      return {};
    };
  };
  const auto read = [](const StoreStatus& status) {
    if (status) {
      ADD_FAILURE() << "store error " << status->code << ": " << status->words;
    }
  };
  reader.tell_broken(into(whole.broken));
  read(reader.open());
  read(reader.checkpoints(into(whole.checkpoints)));
  read(reader.epochs(into(whole.epochs)));
  read(reader.accounts(into(whole.accounts)));
  read(reader.tiles(into(whole.tiles)));
  read(reader.leaves(into(whole.leaves)));
  read(reader.rows(into(whole.rows)));
  return whole;
}

WholeStore whole_store(const Database& database, const std::string& user) {
  return whole_store(*make_postgres_ledger_reader(database.settings(user)));
}

}  // namespace twinlog::testing
