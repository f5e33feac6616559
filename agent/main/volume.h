// Whether what lies on a path outlives the pod.
#pragma once

#include <string>
#include <string_view>

#include "config/settings.h"

namespace twinlog {

/// True when the volume goes with the pod or the machine: as configured, or, for kAuto, when the mount that holds
/// `path` is a Kubernetes emptyDir or lies in memory. `mountinfo` is the text of /proc/self/mountinfo (proc(5)).
bool is_ephemeral(VolumeKind volume, const std::string& path, std::string_view mountinfo);

}  // namespace twinlog
