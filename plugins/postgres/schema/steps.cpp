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
  });
  return steps;
}

int schema_version() {
  return schema_steps().back().number;
}

int schema_version_of_writers() {
  const auto steps = schema_steps();
  return std::find_if(steps.rbegin(), steps.rend(),
                      [](const SchemaStep& step) { return step.urgency == Urgency::kWritersNeedIt; })
      ->number;
}

}  // namespace twinlog::postgres
