// Rows of epochs that nothing named when the notes were read.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "ledger/verify/epoch_register.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/store_intake.h"
#include "ledger/verify/verify.h"

namespace twinlog {

/// Names each of them, but for rows of epochs that began since: those are on their way, and their number is returned.
std::uint64_t tell_strangers(const VerifyOrder& order, const EpochRegister& book,
                             std::span<const std::unique_ptr<StoreIntake>> intakes, FindingLog& log);

}  // namespace twinlog
