// What the volume of the spool means: whether it outlives the pod, and how much there can be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/settings.h"

namespace twinlog {

/// Where `path` really lies: absolute, symbolic links followed as far as there is something.
std::string resolved_path(const std::string& path);

/// Why the volume goes with the pod or the machine: "configured", or, for kAuto, the mount that holds `path` when that
/// is a Kubernetes emptyDir, lies in memory or is a container's own layer ("tmpfs on /run"). "" when it stays. `path`
/// is resolved; `mountinfo` is the text of /proc/self/mountinfo (proc(5)).
std::string why_ephemeral(VolumeKind volume, const std::string& path, std::string_view mountinfo);

struct SpoolRoom {
  std::uint64_t max_bytes = 0;         ///< `spool.max_bytes`, or the size of the volume where that is smaller.
  std::uint64_t dead_letters_max = 0;  ///< Of it.
};
SpoolRoom spool_room(const SpoolSettings& settings);

}  // namespace twinlog
