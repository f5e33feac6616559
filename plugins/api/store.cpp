#include "plugins/api/store.h"

namespace twinlog {

std::string_view reaction_text(Reaction reaction) {
  switch (reaction) {
    case Reaction::kRetry:
      return "retry";
    case Reaction::kRetrySmaller:
      return "retry_smaller";
    case Reaction::kReconnect:
      return "reconnect";
    case Reaction::kReconnectSmaller:
      return "reconnect_smaller";
    case Reaction::kRetrySlowly:
      return "retry_slowly";
    case Reaction::kHold:
      return "hold";
    case Reaction::kPoison:
      return "poison";
    case Reaction::kStop:
      return "stop";
  }
  return "retry";
}

std::string_view stage_text(StoreStage stage) {
  switch (stage) {
    case StoreStage::kConnect:
      return "connect";
    case StoreStage::kSchema:
      return "schema";
    case StoreStage::kPosition:
      return "position";
    case StoreStage::kRecords:
      return "records";
    case StoreStage::kConflicts:
      return "conflicts";
    case StoreStage::kAccounts:
      return "accounts";
    case StoreStage::kLedger:
      return "ledger";
  }
  return "connect";
}

StoreError at(StoreStage where, StoreError error) {
  error.where = where;
  const bool is_of_events = where == StoreStage::kRecords || where == StoreStage::kConflicts;
  if (error.reaction == Reaction::kPoison && !is_of_events) {
    error.reaction = Reaction::kHold;
  }
  return error;
}

StoreStatus at(StoreStage where, StoreStatus status) {
  return status ? StoreStatus(at(where, *std::move(status))) : std::nullopt;
}

std::optional<std::chrono::microseconds> clock_offset_of(UtcMicros theirs, UtcMicros before, UtcMicros after) {
  if (after < before || after - before > kLongestClockQuestion.count()) {
    return std::nullopt;
  }
  return std::chrono::microseconds{theirs - (before + (after - before) / 2)};
}

}  // namespace twinlog
