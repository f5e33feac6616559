// What the tests of the document store share: one mongo-java-server and one FerretDB per test binary, a database of its
// own per test, agents with an epoch of their own.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "plugins/mongodb/mongodb_store.h"
#include "tests/support/simulation.h"

namespace twinlog::testing {

/// For a store that has no spool behind it.
inline constexpr std::span<const Uuid> kNoEpochs;

std::uint16_t java_server_port();
std::uint16_t ferretdb_port();

/// A database that no other test uses.
std::string fresh_database();
StoreSettings settings_for(std::uint16_t port, const std::string& database);

/// Keeps how long pauses would have been, and goes on at once.
class KeptPauses final : public Wait {
 public:
  void wait_for(std::chrono::milliseconds most) override { pauses_.push_back(most); }
  void wake() override {}
  const std::vector<std::chrono::milliseconds>& all() const { return pauses_; }

 private:
  std::vector<std::chrono::milliseconds> pauses_;
};

/// An agent's store, connected when made; everything of the spool that a flush needs is given by the test.
class TestAgent {
 public:
  TestAgent(const StoreSettings& settings, std::uint16_t epoch);
  /// One whose pauses are real.
  TestAgent(const StoreSettings& settings, std::uint16_t epoch, Wait& pauses);
  const Uuid& epoch_id() const { return epoch_id_; }
  Store& store() { return *store_; }
  VirtualClock& clock() { return clock_; }
  const KeptPauses& pauses() const { return kept_pauses_; }
  /// Gives the versions the agent's epoch and the leaves after the last one.
  std::vector<Version> accept(std::vector<Version> versions);
  StoreResult<FlushReport> flush(std::span<const Version> versions);
  /// Offers dead letters again.
  StoreResult<FlushReport> replay(std::span<const Version> versions);
  /// As the courier does at times; nothing where the store has no position of the epoch.
  StoreResult<std::optional<AgentPosition>> connect();
  /// Drops the store object as a crash does, and connects with a new one.
  void restart();

 private:
  StoreSettings settings_;
  Uuid epoch_id_{};
  VirtualClock clock_;
  SeededRandom random_;
  KeptPauses kept_pauses_;
  Wait& pauses_;
  std::unique_ptr<Store> store_;
  std::uint64_t last_leaf_ = 0;
};

/// The report of a flush that has to succeed; a failure is reported with its words.
FlushReport report_of(const StoreResult<FlushReport>& result);
/// The error of a flush that has to fail.
StoreError error_of(const StoreResult<FlushReport>& result);

/// The keys of versions, each once.
std::vector<EventKey> keys_of(std::span<const Version> versions);
std::vector<StoredVersion> read_records(const StoreSettings& settings, std::span<const EventKey> keys);
std::vector<StoredVersion> read_conflicts(const StoreSettings& settings, std::span<const EventKey> keys);
/// An account that has to be there.
ShownAccount read_account(const StoreSettings& settings, const AccountKey& key);
/// Leaves behind what a flush does that dies right after its records: the record without its accounts.
void insert_record_only(const StoreSettings& settings, const Version& version);
/// The epochs that an account keeps a mark of.
std::set<Uuid> marks_of(const StoreSettings& settings, const AccountKey& key);
std::size_t state_bytes(const StoreSettings& settings, const AccountKey& key);
/// Takes the one document out of a collection, or all of them.
void remove(const StoreSettings& settings, const char* collection, const std::string& id = "");
/// Runs an update of all documents of a collection, e.g. "$set" "last_leaf_index".
void update_all(const StoreSettings& settings, const char* collection, const std::string& change_json);
/// Makes or drops an index over one field, of that name, as an administrator does.
void create_unique_index(const StoreSettings& settings, const char* collection, const char* field);
void drop_index(const StoreSettings& settings, const char* collection, const char* name);
/// Takes the epoch's line out of twinlog_agents.
void remove_line(const StoreSettings& settings, const Uuid& epoch_id);
/// The epochs whose last flush did not come to its end.
std::set<Uuid> read_leftover_epochs(const StoreSettings& settings);
/// Of these versions (of several agents, with repeats) those that are in the store, records and conflicts.
std::vector<Version> stored_of(const StoreSettings& settings, std::span<const Version> versions);
/// Every account that the versions speak to is in the store as the plain fold of all of them.
void expect_fold(const StoreSettings& settings, std::span<const Version> versions);

}  // namespace twinlog::testing
