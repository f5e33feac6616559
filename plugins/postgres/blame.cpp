#include "plugins/postgres/blame.h"

#include "plugins/postgres/error_table.h"
#include "plugins/postgres/transaction.h"

namespace twinlog::postgres {
namespace {

// With their partitions and what lies below them where one is a view.
constexpr std::string_view kIsOfRecords =
    "WITH RECURSIVE ours(id) AS (SELECT to_regclass(name)::oid FROM unnest(ARRAY['auth_logs', 'auth_log_conflicts']) "
    "AS name UNION SELECT below.id FROM ours JOIN (SELECT inhparent AS above, inhrelid AS id FROM pg_inherits "
    "UNION ALL SELECT r.ev_class, d.refobjid FROM pg_rewrite r JOIN pg_depend d ON d.objid = r.oid "
    "WHERE r.rulename = '_RETURN' AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass) "
    "below "
    "ON below.above = ours.id) "
    "SELECT EXISTS (SELECT FROM ours JOIN pg_class c ON c.oid = ours.id JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = $1 AND c.relname = $2)";

}  // namespace

Suspicion suspicion_of(const StoreError& error) {
  if (error.reaction == Reaction::kPoison) {
    return Suspicion::kCertain;
  }
  if (is_raised(error.code)) {
    return Suspicion::kIfOthers;
  }
  return is_unknown(error.code, error.constraint) ? Suspicion::kUnknown : Suspicion::kNone;
}

Suspicion Blame::of(StoreError& error, std::string_view undo) {
  const bool is_of_events = error.where == StoreStage::kRecords || error.where == StoreStage::kConflicts;
  const Suspicion suspicion = is_of_events ? suspicion_of(error) : Suspicion::kNone;
  const ErrorPlace place = connection_.error_place();
  if (suspicion == Suspicion::kNone || place.table.empty()) {
    return sharpened(suspicion);
  }
  const auto is_ours = is_of_records(place, undo);
  if (!is_ours) {
    error = at(error.where, is_ours.error());
    return Suspicion::kNone;
  }
  if (*is_ours) {
    return sharpened(suspicion);
  }
  if (suspicion == Suspicion::kCertain) {
    error.reaction = Reaction::kHold;
    error.words = "the table " + place.table +
                  " refused a row; it is neither auth_logs nor auth_log_conflicts, so no event is blamed: mend that "
                  "table, or what writes to it (a trigger?); the events wait in the spool, none is lost";
  }
  return Suspicion::kNone;
}

Suspicion Blame::of_swallowed() const {
  return sharpened(Suspicion::kIfOthers);
}

Suspicion Blame::sharpened(Suspicion suspicion) const {
  return suspicion == Suspicion::kNone || offer_ == Offer::kEvents ? suspicion : Suspicion::kCertain;
}

StoreResult<bool> Blame::is_of_records(const ErrorPlace& place, std::string_view undo) {
  const std::pair key(place.schema, place.table);
  if (const auto found = known_.find(key); found != known_.end()) {
    return found->second;
  }
  const Statement statements[] = {{undo, {}},
                                  {kIsOfRecords, {text_parameter(place.schema), text_parameter(place.table)}}};
  auto answer = connection_.run(statements, kFlushLimit);
  if (!answer) {
    return std::move(answer).error();
  }
  return known_[key] = bool_value(answer->back().value(0, 0));
}

}  // namespace twinlog::postgres
