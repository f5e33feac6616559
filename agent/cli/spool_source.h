// Where a spool's facts and events come from: a running agent's admin socket, or the folder of a stopped one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/cli/spool_page.h"
#include "ledger/base/result.h"
#include "ledger/record/version_json.h"

namespace twinlog {

struct ExportPage {
  std::string lines;            ///< NDJSON; "" when nothing is left.
  std::uint64_t last_leaf = 0;  ///< Where to go on.
  std::uint64_t events = 0;
};

class SpoolSource {
 public:
  virtual ~SpoolSource() = default;
  virtual bool is_running() const = 0;
  virtual Result<SpoolPage> status() const = 0;
  /// The next events above the leaf.
  virtual Result<ExportPage> page_after(std::uint64_t leaf, VersionMembers members) const = 0;
};

struct SpoolPlaces {
  std::string socket;  ///< "": a running agent is not asked.
  std::string path;    ///< "": no stopped spool is looked for.
  bool has_postgres = true;
  bool has_mongodb = true;
};

/// The agent that answers at the socket, else the stopped spool in the folder. An error says why neither is there.
Result<std::unique_ptr<SpoolSource>> find_spool(const SpoolPlaces& places);

}  // namespace twinlog
