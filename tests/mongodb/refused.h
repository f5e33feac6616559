// What the tests of refused documents share.
#pragma once

#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "tests/mongodb/rig.h"

namespace twinlog::testing {

inline auto refused_at(std::uint64_t leaf, StoreStage where, const std::string& code) {
  using ::testing::AllOf;
  using ::testing::Field;
  return AllOf(Field(&RefusedVersion::leaf_index, leaf),
               Field(&RefusedVersion::error, AllOf(Field(&StoreError::reaction, Reaction::kPoison),
                                                   Field(&StoreError::where, where), Field(&StoreError::code, code))));
}

inline std::vector<Version> without(std::vector<Version> versions, const std::set<std::uint64_t>& leaves) {
  std::erase_if(versions, [&](const Version& version) { return leaves.contains(version.leaf_index); });
  return versions;
}

/// Asked over a new connection.
inline std::uint64_t position_of(TestAgent& agent) {
  agent.restart();
  const auto found = agent.connect();
  return found && *found ? (*found)->last_leaf : 0;
}

}  // namespace twinlog::testing
