#include "agent/main/volume.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temp_folder.h"

namespace twinlog {
namespace {

constexpr std::string_view kMounts =
    "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "30 20 8:1 /var/lib/kubelet/pods/x/volumes/kubernetes.io~empty-dir/spool /var/lib/twinlog rw,noatime - ext4 "
    "/dev/sda1 rw\n"
    "31 20 8:2 / /data rw shared:1 - xfs /dev/sdb rw\n"
    "32 20 0:40 / /run rw - tmpfs tmpfs rw\n"
    "33 20 0:41 / /srv/my\\040spool rw - tmpfs tmpfs rw\n"
    "34 20 8:3 / /srv/my\\134040spool rw - ext4 /dev/sdc rw\n";

std::string automatic(const std::string& path, std::string_view mounts = kMounts) {
  return why_ephemeral(VolumeKind::kAuto, path, mounts);
}

TEST(Volume, AnEmptyDirAndMemoryGoWithThePod) {
  EXPECT_EQ(automatic("/var/lib/twinlog/spool"), "ext4 on /var/lib/twinlog");
  EXPECT_EQ(automatic("/run/spool"), "tmpfs on /run");
  EXPECT_EQ(automatic("/data/spool"), "");
  EXPECT_EQ(automatic("/var/lib/twinlogger"), "");
}

TEST(Volume, AContainersOwnLayerGoesWithItAndAVolumeInItStays) {
  for (const std::string type : {"overlay", "aufs", "fuse-overlayfs", "fuse.fuse-overlayfs"}) {
    std::string mounts = "20 1 0:50 / / rw - ";
    mounts.append(type).append(" ").append(type).append(" rw,lowerdir=/a,upperdir=/b\n");
    mounts.append("21 20 8:1 /volumes/spool/_data /data rw - ext4 /dev/sda1 rw\n");
    EXPECT_EQ(automatic("/var/lib/twinlog/spool", mounts), type + " on /");
    EXPECT_EQ(automatic("/data/spool", mounts), "");
  }
}

TEST(Volume, ASpaceInAMountPointIsReadAsTheKernelWritesIt) {
  EXPECT_EQ(automatic("/srv/my spool/x"), "tmpfs on /srv/my spool");
  EXPECT_EQ(automatic("/srv/my\\040spool"), "");
}

TEST(Volume, WhatIsConfiguredCountsMoreThanWhatIsMounted) {
  EXPECT_EQ(why_ephemeral(VolumeKind::kDurable, "/run/spool", kMounts), "");
  EXPECT_EQ(why_ephemeral(VolumeKind::kEphemeral, "/data/spool", kMounts), "configured");
}

TEST(Volume, APathIsJudgedByWhereItsLinksLead) {
  const testing::TempFolder folder;
  std::filesystem::create_directory(folder.path("real"));
  std::filesystem::create_directory_symlink(folder.path("real"), folder.path("link"));
  const std::string real = std::filesystem::canonical(folder.path("real")).string();
  EXPECT_EQ(resolved_path(folder.path("link/not/yet/there")), real + "/not/yet/there");
  EXPECT_EQ(resolved_path(folder.path("link/../real")), real);
}

TEST(Volume, DeadLettersMayTakeAPartOfWhatTheSpoolCanReallyTakeOrASizeThatIsNoMore) {
  SpoolSettings settings;
  settings.path = "/proc";  // Has no size, so the setting holds.
  settings.max_bytes = 1000U << 20U;
  EXPECT_EQ(spool_room(settings).dead_letters_max, 100U << 20U);
  settings.dead_letters_max = {.percent = 0, .bytes = 7U << 20U};
  EXPECT_EQ(spool_room(settings).dead_letters_max, 7U << 20U);
  settings.path = "/";
  settings.max_bytes = settings.dead_letters_max.bytes = 1ULL << 60U;  // More than any volume has.
  EXPECT_LT(spool_room(settings).max_bytes, 1ULL << 60U);
  EXPECT_EQ(spool_room(settings).dead_letters_max, spool_room(settings).max_bytes);
  settings.dead_letters_max = {.percent = 10};
  EXPECT_EQ(spool_room(settings).dead_letters_max, spool_room(settings).max_bytes / 100 * 10);
}

}  // namespace
}  // namespace twinlog
