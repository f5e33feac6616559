// Answers that a scripted peer is often told to give.
#pragma once

#include <string>

#include "ledger/record/auth_event.h"

namespace twinlog::testing {

/// A find's or an aggregate's answer with this one document.
std::string found(const std::string& collection, const std::string& document);
/// A find's answer with the account "t/id:u" as another agent wrote it after one failure.
std::string account_of_another_agent(UtcMicros failed_at = 1);

}  // namespace twinlog::testing
