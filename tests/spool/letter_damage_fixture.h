// A spool whose dead letters get damaged, and what is left of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {

class LetterDamageTest : public SpoolTest {
 protected:
  LetterDamageTest();

  void keep(StoreId store, std::uint64_t cursor, const std::vector<std::uint64_t>& leaves);
  void discard(StoreId store, std::uint64_t leaf);
  /// What lies in logs lies in tables then.
  void close_in_tables();
  /// Nothing is left in `events` of what both stores have, as when it was compacted since.
  void trim_all();

  /// Each as it was kept.
  std::vector<std::uint64_t> listed(StoreId store);
  std::vector<LeafRange> lost();
  std::set<std::string> folders() const;

  void put_garbage(StoreId store, std::uint64_t leaf);
  std::vector<std::filesystem::path> letter_tables();
  /// The first block of data alone: the table opens, and what lies in the block cannot be read.
  void damage_first_blocks();

  std::map<std::uint64_t, DeadLetter> kept_;
  std::vector<std::uint64_t> many_;  ///< More than a block of them, if they are large.
};

}  // namespace twinlog::testing
