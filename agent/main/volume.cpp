#include "agent/main/volume.h"

#include <sstream>
#include <vector>

namespace twinlog {
namespace {

struct Mount {
  std::string root;
  std::string point;
  std::string type;
};

// "36 35 98:0 /root /point options [optional ...] - type source super-options"
Mount parse_mount(const std::string& line) {
  std::istringstream words(line);
  std::vector<std::string> fields;
  for (std::string word; words >> word;) {
    fields.push_back(word);
  }
  Mount mount;
  if (fields.size() > 5) {
    mount.root = fields[3];
    mount.point = fields[4];
  }
  for (std::size_t i = 6; i + 1 < fields.size(); ++i) {
    if (fields[i] == "-") {
      mount.type = fields[i + 1];
      break;
    }
  }
  return mount;
}

bool holds(const std::string& point, const std::string& path) {
  return point == "/" || path == point || path.starts_with(point + "/");
}

}  // namespace

bool is_ephemeral(VolumeKind volume, const std::string& path, std::string_view mountinfo) {
  if (volume != VolumeKind::kAuto) {
    return volume == VolumeKind::kEphemeral;
  }
  Mount nearest;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    const Mount mount = parse_mount(line);
    if (holds(mount.point, path) && mount.point.size() >= nearest.point.size()) {
      nearest = mount;
    }
  }
  return nearest.root.find("/kubernetes.io~empty-dir/") != std::string::npos || nearest.type == "tmpfs" ||
         nearest.type == "ramfs";
}

}  // namespace twinlog
