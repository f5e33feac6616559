// Whether what lies on a path outlives the pod.
#pragma once

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

}  // namespace twinlog
