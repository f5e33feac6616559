// The schema as numbered steps. Each runs in one transaction together with its row in twinlog_meta. A step that has
// been released is never changed; what comes later is a step of its own and only adds, so that older agents go on.
#pragma once

#include <span>
#include <string_view>

namespace twinlog::postgres {

struct SchemaStep {
  int number = 0;
  std::string_view title;
  std::span<const std::string_view> statements;
};

/// In order, numbered from 1 without gaps.
std::span<const SchemaStep> schema_steps();
/// The number of the last step.
int schema_version();

/// Creates the roles twinlog_reader and twinlog_writer where they are missing (needs CREATEROLE).
std::span<const std::string_view> role_statements();
/// What the roles may do. Needs the owner of the tables; may be repeated.
std::span<const std::string_view> grant_statements();
/// What an administrator runs where the agent may not create roles.
std::string_view role_sql_for_people();

}  // namespace twinlog::postgres
