// How far the spool's promises reached, in a file of its own: what a start that finds less has lost, to within a
// second.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"

namespace rocksdb {
class Env;
}

namespace twinlog {

struct Promised {
  std::uint64_t last_leaf = 0;
  UtcMicros received_at = 0;  ///< Of that leaf.
};

/// `promised` in the spool's folder (FORMAT.md). One thread.
class PromisedFile {
 public:
  PromisedFile(rocksdb::Env& env, const std::string& folder) : env_(env), path_(folder + "/promised") {}

  /// Nothing where there is none, or none that can be read.
  std::optional<Promised> read() const;
  /// Synced; nothing is written where it is the same as last time.
  Status write(const Promised& promised);

 private:
  rocksdb::Env& env_;
  const std::string path_;
  std::uint64_t written_ = 0;
};

}  // namespace twinlog
