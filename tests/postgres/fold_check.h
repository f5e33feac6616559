// The accounts of a database against the plain fold.
#pragma once

#include <vector>

#include "tests/lockout/coverage.h"
#include "tests/postgres/rig.h"

namespace twinlog::testing {

/// The accounts are those of the plain fold of `versions`, and no others.
void expect_fold(const Database& database, const std::vector<const Version*>& versions, Coverage& coverage);
void expect_fold(const Database& database, const std::vector<Version>& versions);

}  // namespace twinlog::testing
