#include <algorithm>
#include <array>

#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

/// Why a disk takes nothing, by the kernel's own words in SpoolStats::trouble.
struct DiskCause {
  std::string_view fragment;
  std::string_view diagnosis;
  std::string_view action;  ///< "{path}" is the spool's.
};

constexpr auto kDiskCauses = std::to_array<DiskCause>({
    {"Disk quota exceeded", "The quota on the volume is used up, though the volume itself may have room",
     "Raise the quota of the user, group or project that {path} counts for (`quota -s`, `repquota -s`), or remove what "
     "else counts for it;"},
    {"File too large", "A limit on the size of files is reached",
     "Raise the limit (`LimitFSIZE=` of the unit, `ulimit -f`; of the running process: `prlimit --fsize=unlimited "
     "--pid`), or give the spool a file system that takes larger files;"},
    {"Read-only file system", "The file system is mounted read-only, which the kernel also does when a disk fails",
     "Read the kernel's messages (`dmesg`), then make it writable again (`findmnt -T {path}`, `mount -o remount,rw`);"},
});

const DiskCause* find_cause(std::string_view trouble) {
  const auto* const found = std::ranges::find_if(
      kDiskCauses, [trouble](const DiskCause& each) { return trouble.find(each.fragment) != std::string_view::npos; });
  return found == kDiskCauses.end() ? nullptr : found;
}

std::string filled_in(std::string_view text, const std::string& path) {
  constexpr std::string_view kPlace = "{path}";
  std::string filled(text);
  const std::size_t at = filled.find(kPlace);
  return at == std::string::npos ? filled : filled.replace(at, kPlace.size(), path);
}

std::string free_words(const HealthFacts& facts) {
  const auto& free = facts.spool.volume_free_bytes;
  return free ? bytes_words(*free) + " free on the volume of " + facts.known.spool_path
              : "what is free on the volume of " + facts.known.spool_path + " cannot be told";
}

}  // namespace

HealthComponent judge_disk(const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  if (facts.phase == Phase::kStarting) {
    return well("disk", "Not looked at yet: twinlog is starting.");
  }
  if (const auto silence = disk_silence(facts); silence.count() > 0) {
    return unwell("disk", HealthState::kFailing,
                  "Login events are not answered: senders wait and must keep them. What was answered is safe.",
                  "The disk of " + facts.known.spool_path + " has not answered for " + time_words(silence) + ".",
                  "Look whether the disk or its mount hangs (`dmesg`, `iostat -x 1`, `findmnt -T " +
                      facts.known.spool_path + "`); twinlog goes on by itself as soon as it answers.");
  }
  const std::string make_room = "Free space on the volume of " + facts.known.spool_path + " (`df -h " +
                                facts.known.spool_path +
                                "`, `du -xh` on it for what is not twinlog's) or enlarge it; "
                                "twinlog goes on by itself within seconds.";
  if (const auto* const cause = find_cause(spool.trouble)) {
    return unwell("disk", HealthState::kFailing, kNothingTaken,
                  std::string(cause->diagnosis) + ": " + spool.trouble + ".",
                  filled_in(cause->action, facts.known.spool_path) + " twinlog goes on by itself within seconds.");
  }
  if (spool.is_volume_full || (spool.is_full && is_bound_by_volume(spool))) {
    return unwell(
        "disk", HealthState::kFailing, kNothingTaken,
        "The volume is full: " + free_words(facts) + "; the spool itself takes " + bytes_words(spool.disk_bytes) + ".",
        make_room);
  }
  if (is_refused_by_disk(spool)) {
    return unwell("disk", HealthState::kFailing, kNothingTaken,
                  "The disk refuses writes: " + spool.trouble + "; " + free_words(facts) + ".",
                  "Look at the kernel's messages (`dmesg`), the mount (`findmnt -T " + facts.known.spool_path +
                      "`: is it `ro`?) and the rights of the folder (`ls -ld " + facts.known.spool_path + "`).");
  }
  if (is_bound_by_volume(spool) && spool.takes_only_base_types) {
    return unwell("disk", HealthState::kDegraded, kOnlyBaseTypes,
                  "The volume is nearly full: " + free_words(facts) + "; the spool itself takes " +
                      bytes_words(spool.disk_bytes) + " and may take " + bytes_words(facts.known.spool_max_bytes) +
                      " (spool.max_bytes).",
                  make_room);
  }
  return well("disk", "Writable, " + free_words(facts) + ".");
}

}  // namespace twinlog
