// The hashes of leaves, as `leaves` has them: one entry for each leaf of the agent's own, one for many events that were
// accepted together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ledger/base/bytes.h"
#include "spool/database.h"
#include "spool/epoch.h"
#include "spool/ledger_layout.h"

namespace rocksdb {
class Iterator;
class WriteBatch;
}  // namespace rocksdb

namespace twinlog {

/// Gathers the hashes of numbers that follow each other, and puts them into the batch. What it gathers is there after
/// put() only.
class HashRunWriter {
 public:
  HashRunWriter(rocksdb::WriteBatch& batch, const Database& database) : batch_(batch), database_(database) {}

  void add(std::uint64_t number, const Digest& hash);
  void put();

 private:
  rocksdb::WriteBatch& batch_;
  const Database& database_;
  std::uint64_t last_ = 0;
  std::string hashes_;
};

struct NumberedHash {
  std::uint64_t number = 0;
  Digest hash{};
};

/// Of a range of numbers, ascending. What is lost or damaged is passed over; who needs it makes it again from its item.
class LeafHashes {
 public:
  LeafHashes(const Database& database, const LeafRange& range);
  ~LeafHashes();
  LeafHashes(const LeafHashes&) = delete;
  LeafHashes& operator=(const LeafHashes&) = delete;

  std::optional<NumberedHash> next();

 private:
  bool load();

  const LeafRange range_;
  std::uint64_t next_;  ///< Smaller numbers were given.
  std::unique_ptr<rocksdb::Iterator> at_;
  HashRun run_;  ///< Of the entry that `at_` is on; empty before it was looked at.
};

}  // namespace twinlog
