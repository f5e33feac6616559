// `twinlog keygen`: a new enrolment key, in the form of Go's note package.
#pragma once

#include <ostream>
#include <string>

#include "ledger/base/clock.h"

namespace twinlog {

struct KeygenOptions {
  std::string name;
  std::string file;  ///< Where the private key goes; "": to standard output, before the public one.
};

struct KeygenStreams {
  std::ostream& out;
  std::ostream& err;
};

/// The file gets mode 0400 and is on disk when this returns; one that is there is left as it is. The verifier key text
/// goes to standard output. 0; 1 where the file is there or cannot be written; 2 for a name that cannot name a key.
int run_keygen(const KeygenOptions& options, Random& random, const KeygenStreams& streams);

}  // namespace twinlog
