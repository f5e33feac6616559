// The statements of each step, one file per step.
#pragma once

#include <span>
#include <string_view>

namespace twinlog::postgres {

std::span<const std::string_view> table_statements();
std::span<const std::string_view> index_statements();
std::span<const std::string_view> wall_statements();
std::span<const std::string_view> binding_statements();
std::span<const std::string_view> quiet_planner_statements();
std::span<const std::string_view> quiet_wall_statements();
std::span<const std::string_view> receipt_index_statements();
std::span<const std::string_view> ledger_statements();
std::span<const std::string_view> readers_lose_statements();
std::span<const std::string_view> acceptance_index_statements();

}  // namespace twinlog::postgres
