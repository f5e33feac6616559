// A spool in a folder of its own, and the few words in which its tests are written.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "spool/rocks_spool.h"
#include "spool/spool.h"
#include "tests/spool/faulty_file_system.h"
#include "tests/support/simulation.h"
#include "tests/support/temp_folder.h"

namespace twinlog::testing {

inline constexpr UtcMicros kReceivedAt = 1'790'000'000'000'000;

struct EventOptions {
  std::string event_type = "login_failed";
  std::string username = "maria";  ///< What differs between two contents of one key.
  std::size_t filler_bytes = 0;    ///< Of content that does not compress.
};
AcceptedEvent make_event(std::string_view log_id, const EventOptions& options = {});
/// `count` events with log ids "<prefix>1", "<prefix>2", ...
std::vector<AcceptedEvent> make_events(std::string_view prefix, std::size_t count, const EventOptions& options = {});

/// Column families by name.
using Families = std::map<std::string, rocksdb::ColumnFamilyHandle*>;
/// What `family` has of one number, of `events` or `leaves`; a hash goes out of its run.
void erase_number(rocksdb::DB& database, const Families& families, const std::string& family, std::uint64_t number);
/// The runs of `leaves` as entries of one hash each, as spools had them before.
void split_runs(rocksdb::DB& database, const Families& families);

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest();
  void TearDown() override { close(); }  // Before what a derived fixture owns: the disk it lies on.

  void open();  ///< Closes it first where it is open.
  void close() { spool_.reset(); }
  Spool& spool() { return *spool_; }

  /// One commit of one request; an empty answer is a commit that failed.
  std::vector<Disposition> offer(const std::vector<AcceptedEvent>& events, Atomicity atomicity = Atomicity::kPerEvent);
  Disposition offer_one(const AcceptedEvent& event);
  /// Stores `count` events in commits of a hundred; the test fails when one is not stored.
  void store_many(std::string_view prefix, std::size_t count, const EventOptions& options = {});
  /// Stores events until the spool is busy; the count stored.
  std::size_t fill_up(const EventOptions& options);

  void deliver_all_up_to(std::uint64_t leaf);
  void deliver_all() { deliver_all_up_to(spool().last_leaf()); }
  /// Time passes by `step`, then the spool is maintained.
  Status maintain_after(std::chrono::milliseconds step);
  /// Maintains some seconds long, as an agent does.
  void settle();
  /// Maintains until that makes the folder smaller than `bytes`; false when it never does. RocksDB's threads unlink
  /// files when they are done with what they are at.
  bool shrinks_below(std::uint64_t bytes);

  /// Opens the database of a closed spool with RocksDB alone, all its families.
  void with_database(const std::function<void(rocksdb::DB& database, const Families& families)>& use);

  /// As a store's administrator brings it about, by a constraint of this name.
  static constexpr const char* kRefusedBy = "a_check";
  DeadLetter letter_of(std::uint64_t leaf);

  /// The leaves that a courier with this cursor reads.
  std::vector<std::uint64_t> leaves_after(std::uint64_t after);
  std::vector<std::string> log_ids_after(std::uint64_t after);

  TempFolder folder_;
  VirtualClock clock_;
  SeededRandom random_{7};
  RocksSpoolSettings settings_;
  std::unique_ptr<Spool> spool_;
  std::uint64_t most_disk_bytes_ = 0;  ///< Seen while maintaining.
};

/// On a fake disk, with small memtables so that little suffices to meet flushes and compactions.
class FaultySpoolTest : public SpoolTest {
 protected:
  FaultySpoolTest();
  FaultyDisk disk_;
};

}  // namespace twinlog::testing
