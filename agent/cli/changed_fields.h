// In which fields the rows of one event differ between the stores: what a person asks first about a changed row. Names,
// never values.
#pragma once

#include <array>
#include <string>

#include "ledger/verify/finding.h"
#include "plugins/api/proof_reader.h"

namespace twinlog {

class ChangedFields {
 public:
  /// By StoreSide; null: that store cannot be asked, and nothing is ever said. Not opened yet, and only opened when
  /// something is asked.
  explicit ChangedFields(std::array<ProofReader*, kStoreSides> readers) : readers_(readers) {}

  /// "", or a sentence about the row that the finding names. One thread at a time.
  std::string words(const Finding& finding);

 private:
  bool open();

  std::array<ProofReader*, kStoreSides> readers_;
  enum class State : std::uint8_t { kNew, kOpen, kAway };
  State state_ = State::kNew;
};

}  // namespace twinlog
