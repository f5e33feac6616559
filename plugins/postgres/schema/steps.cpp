#include "plugins/postgres/schema/steps.h"

#include <algorithm>
#include <array>

#include "plugins/postgres/schema/parts.h"

namespace twinlog::postgres {

std::span<const SchemaStep> schema_steps() {
  static const auto steps = std::to_array<SchemaStep>({
      {1, "tables", table_statements()},
      {2, "indexes", index_statements()},
      {3, "walls between tenants", wall_statements()},
      {4, "bound roles stay bound", binding_statements()},
      {5, "the planner knows no tenant", quiet_planner_statements(), Urgency::kWritersCanWait},
      {6, "walls that tell nothing", quiet_wall_statements(), Urgency::kWritersCanWait},
      {7, "an index by time of receipt", receipt_index_statements(), Urgency::kWritersCanWait, "auth_logs_by_receipt",
       "CREATE INDEX CONCURRENTLY IF NOT EXISTS auth_logs_by_receipt ON auth_logs USING brin (received_at)"},
      {8, "the ledger", ledger_statements()},
      {9, "leaf_index is for no reader", readers_lose_statements(), Urgency::kWritersCanWait},
      {10, "an index by time of acceptance", acceptance_index_statements(), Urgency::kWritersCanWait,
       "auth_logs_by_acceptance",
       "CREATE INDEX CONCURRENTLY IF NOT EXISTS auth_logs_by_acceptance ON auth_logs USING brin (received_at) "
       "WITH (pages_per_range = 32, autosummarize = on)"},
  });
  return steps;
}

int schema_version() {
  return schema_steps().back().number;
}

bool is_enough_for_writers(const std::set<int>& steps) {
  return std::ranges::all_of(schema_steps(), [&](const SchemaStep& step) {
    return step.urgency == Urgency::kWritersCanWait || steps.contains(step.number);
  });
}

}  // namespace twinlog::postgres
