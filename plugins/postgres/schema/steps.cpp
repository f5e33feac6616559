#include "plugins/postgres/schema/steps.h"

#include <array>

#include "plugins/postgres/schema/parts.h"

namespace twinlog::postgres {

std::span<const SchemaStep> schema_steps() {
  static const auto steps = std::to_array<SchemaStep>({
      {1, "tables", table_statements()},
      {2, "indexes", index_statements()},
      {3, "walls between tenants", wall_statements()},
      {4, "bound roles stay bound", binding_statements()},
  });
  return steps;
}

int schema_version() {
  return schema_steps().back().number;
}

}  // namespace twinlog::postgres
