#include "plugins/postgres/isolation.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "ledger/lockout/account_state.h"
#include "plugins/api/halving.h"
#include "plugins/postgres/account_rows.h"
#include "plugins/postgres/record_rows.h"
#include "plugins/postgres/transaction.h"

namespace twinlog::postgres {
namespace {

constexpr std::string_view kBeginPart = "SAVEPOINT part";
constexpr std::string_view kKeepPart = "RELEASE SAVEPOINT part";
constexpr std::string_view kUndoPart = "ROLLBACK TO SAVEPOINT part";
constexpr std::string_view kCheckNow = "SET CONSTRAINTS ALL IMMEDIATE";
constexpr std::string_view kCheckLate = "SET CONSTRAINTS ALL DEFERRED";

/// What may be there when constraints are checked.
enum class Beside : std::uint8_t { kAccounts, kNothing };

class Search {
 public:
  Search(Connection& connection, const Clock& clock, Blame& blame, Reach reach, std::vector<const Version*> versions)
      : connection_(connection), clock_(clock), blame_(blame), reach_(reach), versions_(std::move(versions)) {}
  StoreResult<Isolated> run();

 private:
  struct Refusal {
    StoreError error;
    Suspicion suspicion = Suspicion::kNone;
  };
  using Outcome = std::optional<Refusal>;  ///< Nothing: all of the part was taken, or was there.

  Outcome offer(const Part& part);
  Outcome write(std::span<const Version* const> versions, Beside beside);
  StoreStatus check_constraints(std::span<const Version* const> versions, Beside beside);
  Refusal refusal(StoreError error);
  StoreError too_long(const StoreError& last) const;

  Connection& connection_;
  const Clock& clock_;
  Blame& blame_;
  const Reach reach_;
  std::vector<const Version*> versions_;
  std::vector<Statement> before_ = {{kBegin, {}}, {kTransactionSettings, {}}, {kBeginPart, {}}};
};

StoreResult<Isolated> Search::run() {
  std::ranges::sort(versions_, {}, [](const Version* version) {
    return std::tuple<std::string_view, std::string_view, std::uint64_t>(version->event.tenant_id,
                                                                         version->event.log_id, version->leaf_index);
  });
  const Deadline deadline(clock_, kSearchLimit);
  Halving halving(versions_.size());
  Isolated found;
  bool is_any_certain = false;
  StoreError last;
  while (const auto part = halving.next()) {
    if (deadline.left().count() <= 0) {
      return too_long(last);
    }
    const Outcome refused = offer(*part);
    found.is_any_taken |= !refused;
    if (!refused) {
      halving.taken();
      continue;
    }
    if (refused->suspicion == Suspicion::kNone) {
      return refused->error;
    }
    last = refused->error;
    halving.refused();
    if (part->size() == 1) {
      found.guilty.push_back({versions_[part->begin], refused->error, refused->suspicion});
      is_any_certain |= refused->suspicion == Suspicion::kCertain;
    }
    if (!found.is_any_taken && !is_any_certain && found.guilty.size() == kMostBeforeOneIsTaken) {
      break;
    }
  }
  return found;
}

/// What a COMMIT refuses is a version's fault only when its own rows are refused, with its accounts and without.
Search::Outcome Search::offer(const Part& part) {
  const auto versions = std::span<const Version* const>(versions_).subspan(part.begin, part.size());
  Outcome refused = write(versions, Beside::kAccounts);
  if (!refused || part.size() > 1 || reach_ == Reach::kRows || refused->suspicion == Suspicion::kNone) {
    return refused;
  }
  Outcome alone = write(versions, Beside::kNothing);
  if (alone) {
    return alone;
  }
  refused->error.reaction = Reaction::kHold;
  refused->error.where = StoreStage::kAccounts;
  refused->suspicion = Suspicion::kNone;
  return refused;
}

Search::Outcome Search::write(std::span<const Version* const> versions, Beside beside) {
  const Deadline deadline(clock_, kFlushLimit);
  RecordRows rows(connection_, deadline, versions);
  const auto inserted = rows.insert(std::exchange(before_, {{kUndoPart, {}}}));
  StoreStatus failure = inserted ? rows.finish() : StoreStatus(inserted.error());
  if (rows.swallowed() != RecordRows::Swallowed::kNone) {
    return Refusal{std::move(*failure), blame_.of_swallowed()};
  }
  if (!failure && reach_ == Reach::kConstraints) {
    failure = at(StoreStage::kRecords, check_constraints(versions, beside));
  }
  if (failure) {
    return refusal(std::move(*failure));
  }
  before_ = {{kKeepPart, {}}, {kBeginPart, {}}};
  return std::nullopt;
}

/// Rows of new accounts are made first: a constraint may want them.
StoreStatus Search::check_constraints(std::span<const Version* const> versions, Beside beside) {
  std::vector<AccountUpdate> accounts;
  for (const auto& [key, ignored] : by_account({versions.begin(), versions.end()})) {
    accounts.push_back({key, {}});
  }
  std::vector<Statement> statements;
  if (beside == Beside::kAccounts && !accounts.empty()) {
    statements.push_back(create_accounts(accounts));
  }
  statements.push_back({kCheckNow, {}});
  statements.push_back({kCheckLate, {}});
  auto checked = connection_.run(statements, kFlushLimit);
  return checked ? std::nullopt : StoreStatus(std::move(checked).error());
}

Search::Refusal Search::refusal(StoreError error) {
  const Suspicion suspicion = blame_.of(error, kUndoPart);
  return {std::move(error), suspicion};
}

StoreError Search::too_long(const StoreError& last) const {
  return {.reaction = Reaction::kRetrySmaller,
          .code = last.code,
          .constraint = last.constraint,
          .words =
              "PostgreSQL refuses more events of one batch than could be told from the others in time; it is "
              "tried again in smaller parts. " +
              last.words,
          .where = last.where};
}

}  // namespace

StoreResult<Isolated> isolate(Connection& connection, const Clock& clock, Blame& blame, Reach reach,
                              std::vector<const Version*> versions) {
  auto found = Search(connection, clock, blame, reach, std::move(versions)).run();
  roll_back(connection);
  return found;
}

}  // namespace twinlog::postgres
