// The name of an epoch in notes: <ledger.origin>/<agent.name>/<epoch uuid>.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/bytes.h"

namespace twinlog {

inline constexpr std::size_t kMostOriginBytes = 200;

/// ASCII upper case is made lower, each other byte outside of [a-z0-9./_-] becomes '-'; of the agent's part what fits.
/// `ledger_origin` is cut only where it does not fit alone.
std::string origin_of(std::string_view ledger_origin, std::string_view agent, const Uuid& epoch_id);
/// The name of a throw-away enrolment key: <ledger.origin>/throw-away/<spool's uuid>.
std::string throw_away_name(std::string_view ledger_origin, const Uuid& spool_id);
/// The epoch whose uuid it ends with.
std::optional<Uuid> epoch_of_origin(std::string_view origin);

}  // namespace twinlog
