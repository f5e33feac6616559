// The schema as numbered steps. Each runs in one transaction together with its row in twinlog_meta. A step that has
// been released is never changed; what comes later is a step of its own and only adds, so that older agents go on.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string_view>

namespace twinlog::postgres {

/// Whether an agent can write to a schema that lacks the step.
enum class Urgency : std::uint8_t { kWritersNeedIt, kWritersCanWait };

struct SchemaStep {
  int number = 0;
  std::string_view title;
  std::span<const std::string_view> statements;
  Urgency urgency = Urgency::kWritersNeedIt;
  /// Not empty: the name of the index that the one statement makes where it is missing (IF NOT EXISTS). Where the table
  /// holds rows, it is built before that, beside running writers and outside of a transaction, by the statement below.
  /// What an earlier try left INVALID is dropped first.
  std::string_view concurrent_index{};
  std::string_view concurrently{};
};

/// In order, numbered from 1 without gaps.
std::span<const SchemaStep> schema_steps();
/// The number of the last step.
int schema_version();
/// Whether an agent can write where these steps are done.
bool is_enough_for_writers(const std::set<int>& steps);

/// Creates the roles twinlog_reader, twinlog_writer and twinlog_keeper where they are missing (needs CREATEROLE).
std::span<const std::string_view> role_statements();
/// What the roles may do and see: changes only what is missing or different. Needs the owner of the tables.
std::span<const std::string_view> grant_statements();
/// What an administrator runs where the agent may not create roles.
std::string_view role_sql_for_people();

}  // namespace twinlog::postgres
