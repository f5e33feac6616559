#include "agent/main/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstring>
#include <string>
#include <string_view>

#include "config/environment.h"
#include "config/keys.h"

namespace twinlog {

void set_process_limits() {
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};  // A core would hold event bodies and secrets.
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_DUMPABLE, 0);  // The limit alone does not bind where the kernel pipes cores to a program.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;  // Ten thousand idle senders are normal; the soft limit is often 1,024.
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

void wipe_secret_variables(char** environment) {
  for (const ConfigKey& key : config_keys()) {
    if (!std::holds_alternative<SecretKey>(key.rule)) {
      continue;
    }
    const std::string start = variable_of(key.path) + "=";
    for (char** entry = environment; *entry != nullptr; ++entry) {
      if (std::string_view(*entry).starts_with(start)) {
        explicit_bzero(*entry + start.size(), std::strlen(*entry) - start.size());
      }
    }
  }
}

}  // namespace twinlog
