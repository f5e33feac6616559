#include "agent/main/process_limits.h"

#include <sys/prctl.h>

#include <algorithm>

namespace twinlog {
namespace {

// The spool's files (256), the admin port's connections (64), both stores, listeners, event loops, and room to spare.
constexpr rlim_t kFilesOfOthers = 512;

}  // namespace

rlim_t set_process_limits() {
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_DUMPABLE, 0);  // The limit alone does not bind where the kernel pipes cores to a program.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
    return RLIM_INFINITY;
  }
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

std::size_t connections_within(rlim_t open_files, std::size_t wanted) {
  // With fewer than twice the reserve everybody makes do with half.
  const rlim_t others = std::min(kFilesOfOthers, open_files / 2);
  return static_cast<std::size_t>(std::min<rlim_t>(wanted, open_files - others));
}

}  // namespace twinlog
