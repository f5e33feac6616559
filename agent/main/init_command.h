// `twinlog init`: the first configuration, the first look at the stores, and what an administrator runs once.
#pragma once

#include <istream>
#include <map>
#include <ostream>
#include <string>

namespace twinlog {

struct InitOptions {
  std::string config;    ///< Where the file is written; one that is there is left as it is.
  std::string postgres;  ///< The address; "": that of the environment, else what is answered, else a placeholder.
  std::string mongodb;
};

struct InitStreams {
  std::istream* in;  ///< Of somebody who answers questions; null where nobody does.
  std::ostream& out;
  std::ostream& err;
};

/// The commented text of a minimal configuration: the two addresses, and what is most often set, commented out. An
/// address that the environment brings is not written.
std::string initial_config(const InitOptions& options, const std::map<std::string, std::string>& environment);

/// Writes the file (mode 0640), tries both stores, prints the SQL for PostgreSQL's roles. 0 when the stores are ready,
/// 1 when one is not or the file cannot be written, 2 for an address that is none, 78 for a file with mistakes.
int run_init(InitOptions options, const std::map<std::string, std::string>& environment, const InitStreams& streams);

}  // namespace twinlog
