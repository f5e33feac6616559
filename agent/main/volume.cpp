#include "agent/main/volume.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <vector>

#include "spool/volume.h"

namespace twinlog {
namespace {

struct Mount {
  std::string root;
  std::string point;
  std::string type;
};

/// A space, a tab, a line end and a backslash stand as "\\040" in the table.
std::string decoded(std::string_view field) {
  constexpr std::size_t kDigits = 3;
  const auto is_octal = [](char each) { return each >= '0' && each <= '7'; };
  std::string text;
  while (!field.empty()) {
    const std::string_view digits = field.substr(1, kDigits);
    if (field.front() == '\\' && digits.size() == kDigits && std::ranges::all_of(digits, is_octal)) {
      text.push_back(static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0')));
      field.remove_prefix(1 + kDigits);
    } else {
      text.push_back(field.front());
      field.remove_prefix(1);
    }
  }
  return text;
}

// "36 35 98:0 /root /point options [optional ...] - type source super-options"
Mount parse_mount(const std::string& line) {
  std::istringstream words(line);
  std::vector<std::string> fields;
  for (std::string word; words >> word;) {
    fields.push_back(word);
  }
  Mount mount;
  if (fields.size() > 5) {
    mount.root = decoded(fields[3]);
    mount.point = decoded(fields[4]);
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

/// An emptyDir that is not in memory lies on the node's disk, and is told by where it lies there.
bool goes_with_the_pod(const Mount& mount) {
  // A layer over an image is the container's own wherever it is mounted: nothing else makes one for data.
  constexpr std::array<std::string_view, 6> kTypes = {"tmpfs", "ramfs",          "overlay",
                                                      "aufs",  "fuse-overlayfs", "fuse.fuse-overlayfs"};
  return std::ranges::find(kTypes, mount.type) != kTypes.end() ||
         mount.root.find("/kubernetes.io~empty-dir/") != std::string::npos;
}

}  // namespace

std::string resolved_path(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failed);
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(absolute, failed);
  return failed ? path : resolved.string();
}

std::string why_ephemeral(VolumeKind volume, const std::string& path, std::string_view mountinfo) {
  if (volume != VolumeKind::kAuto) {
    return volume == VolumeKind::kEphemeral ? "configured" : "";
  }
  Mount nearest;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    const Mount mount = parse_mount(line);
    if (holds(mount.point, path) && mount.point.size() >= nearest.point.size()) {
      nearest = mount;
    }
  }
  return goes_with_the_pod(nearest) ? nearest.type + " on " + nearest.point : "";
}

SpoolRoom spool_room(const SpoolSettings& settings) {
  const std::uint64_t bytes = std::min(settings.max_bytes, volume_capacity(settings.path).value_or(settings.max_bytes));
  return {.max_bytes = bytes, .dead_letters_max = bytes_of(settings.dead_letters_max, bytes)};
}

}  // namespace twinlog
