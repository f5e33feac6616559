#include "plugins/mongodb/isolation.h"

#include <algorithm>
#include <string>
#include <utility>

namespace twinlog::mongodb {
namespace {

class Isolation {
 public:
  Isolation(Client& client, const Writes& writes) : client_(client), writes_(writes) {}

  StoreStatus run(std::size_t first, std::size_t count);
  StoreResult<WritesOutcome> end();

 private:
  StoreStatus run_halves(std::size_t first, std::size_t count);
  void note(std::size_t first, std::size_t count, BulkOutcome executed);

  Client& client_;
  const Writes& writes_;
  WritesOutcome outcome_;
  std::vector<RefusedOperation> alone_;  ///< Their command failed with nothing else in it.
  unsigned bulks_ = 0;
};

StoreStatus Isolation::run(std::size_t first, std::size_t count) {
  if (bulks_++ == kBulksMost) {
    return StoreError{.reaction = Reaction::kRetrySmaller,
                      .code = "",
                      .constraint = "",
                      .words = "the server refuses many documents; the agent offers it fewer at once"};
  }
  Bulk bulk(client_, writes_.collection);
  for (std::size_t i = 0; i < count; ++i) {
    writes_.queue(bulk, first + i);
  }
  auto executed = bulk.execute_each();
  const bool is_doubtful = executed ? writes_.kind == WriteKind::kUpdates && !executed->refused.empty()
                                    : executed.error().reaction == Reaction::kPoison;
  if (is_doubtful && count > 1) {
    return run_halves(first, count);
  }
  if (executed) {
    note(first, count, *std::move(executed));
    return std::nullopt;
  }
  if (!is_doubtful) {
    return std::move(executed).error();
  }
  alone_.push_back({first, std::move(executed).error()});
  return std::nullopt;
}

StoreStatus Isolation::run_halves(std::size_t first, std::size_t count) {
  outcome_.is_repeated = true;
  auto failed = run(first, count / 2);
  return failed ? std::move(failed) : run(first + count / 2, count - count / 2);
}

void Isolation::note(std::size_t first, std::size_t count, BulkOutcome executed) {
  for (const std::size_t index : executed.duplicates) {
    outcome_.duplicates.push_back(first + index);
  }
  outcome_.taken += count - executed.refused.size();
  for (RefusedOperation& refused : executed.refused) {
    if (writes_.are_letters) {
      refused.error.reaction = Reaction::kPoison;
    }
    outcome_.refused.push_back({first + refused.index, std::move(refused.error)});
  }
}

StoreResult<WritesOutcome> Isolation::end() {
  if (!alone_.empty() && outcome_.taken == 0 && !writes_.are_letters) {
    StoreError error = std::move(alone_.front().error);
    error.reaction = Reaction::kHold;
    error.words = std::string("the server refuses every command that writes ") + writes_.collection +
                  ", so no event is to blame; look the code up in its manual";
    return error;
  }
  std::ranges::move(alone_, std::back_inserter(outcome_.refused));
  std::ranges::sort(outcome_.refused, {}, &RefusedOperation::index);
  return std::move(outcome_);
}

}  // namespace

StoreResult<WritesOutcome> execute_each(Client& client, const Writes& writes) {
  Isolation isolation(client, writes);
  if (writes.count == 0) {
    return WritesOutcome{};
  }
  auto failed = isolation.run(0, writes.count);
  return failed ? StoreResult<WritesOutcome>(*std::move(failed)) : isolation.end();
}

}  // namespace twinlog::mongodb
