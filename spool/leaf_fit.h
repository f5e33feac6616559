// Whether what lies under a number of `events` comes to the hash that `leaves` holds of it.
#pragma once

#include <string>
#include <vector>

#include "spool/database.h"
#include "spool/spool.h"

namespace twinlog {

/// The numbers in the range where both can be read and the hash is another, in order, none touching another. What is
/// damaged ends the search: that is found by reading the tables. `path` is the spool's, for messages.
std::vector<LeafRange> leaves_that_do_not_fit(const Database& database, const LeafRange& range,
                                              const std::string& path);

}  // namespace twinlog
