#include <algorithm>
#include <utility>

#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

constexpr std::string_view kNothingTaken =
    "Login events are refused: senders are told `busy` and must keep them. What was taken before stays safe in the "
    "spool and is still delivered.";
constexpr std::string_view kOnlyBaseTypes =
    "Logins, failures, locks and resets are still taken; all other event types (logout, mfa_failed, ...) are refused "
    "with `busy`.";

/// The volume, not spool.max_bytes, says how much the spool may take.
bool is_bound_by_volume(const SpoolStats& spool) {
  return spool.limit_bytes > 0 && spool.limit_bytes < spool.max_bytes;
}

std::string used_words(const SpoolStats& spool) {
  return bytes_words(spool.disk_bytes) + " of " + bytes_words(std::min(spool.max_bytes, spool.limit_bytes)) + " used";
}

std::string free_words(const HealthFacts& facts) {
  const auto& free = facts.spool.volume_free_bytes;
  return free ? bytes_words(*free) + " free on the volume of " + facts.known.spool_path
              : "what is free on the volume of " + facts.known.spool_path + " cannot be told";
}

/// Who the spool waits for: "PostgreSQL (12 events)"; "" when no store lacks anything.
std::string waiting_words(const HealthFacts& facts) {
  std::string words;
  for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
    const StoreFacts& each = facts_of(facts, store);
    if (each.is_enabled && each.backlog.events > 0) {
      words += (words.empty() ? "" : " and ") + std::string(store_title(store)) + " (" +
               count_words(each.backlog.events, "event") + ")";
    }
  }
  return words;
}

std::string room_advice(const HealthFacts& facts) {
  if (is_bound_by_volume(facts.spool)) {
    return "Free space on the volume: see the component disk.";
  }
  const std::string waiting = waiting_words(facts);
  return (waiting.empty() ? std::string() : "Bring back what it waits for: " + waiting + ". ") +
         "Or raise spool.max_bytes in " + (facts.known.config.empty() ? "the configuration" : facts.known.config) +
         " and restart; the volume has " +
         (facts.spool.volume_free_bytes ? bytes_words(*facts.spool.volume_free_bytes) : "an unknown number of bytes") +
         " free.";
}

HealthComponent component(std::string_view name, HealthState state, std::string_view impact, std::string diagnosis,
                          std::string action) {
  return {.name = std::string(name),
          .state = state,
          .impact = std::string(impact),
          .diagnosis = std::move(diagnosis),
          .action = std::move(action)};
}

bool is_refused_by_disk(const SpoolStats& spool) {
  return !spool.writable || !spool.trouble.empty();
}

HealthComponent not_writable(const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  return component("spool", HealthState::kFailing, kNothingTaken, "It cannot be written: " + spool.trouble + ".",
                   "See the component disk; twinlog tries again every second and needs no restart.");
}

HealthComponent nearly_full(const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  const std::string waiting = waiting_words(facts);
  const std::string diagnosis =
      used_words(spool) + (waiting.empty() ? std::string() : ", waiting for " + waiting) + "." + full_words(spool);
  if (spool.is_full) {
    return component("spool", HealthState::kFailing, kNothingTaken, "Full: " + diagnosis, room_advice(facts));
  }
  if (spool.takes_only_base_types) {
    return component("spool", HealthState::kDegraded, kOnlyBaseTypes, "Over 90 % full: " + diagnosis,
                     room_advice(facts));
  }
  return component("spool", HealthState::kDegraded, "Everything is still taken.", "Filling up: " + diagnosis,
                   room_advice(facts));
}

HealthComponent files_gone(const HealthFacts& facts) {
  return component("spool", HealthState::kFailing,
                   "What is answered as stored is delivered, but does not survive a crash or a restart before that.",
                   "Somebody took files of the spool in " + facts.known.spool_path + ": " + facts.missing + " gone.",
                   "Do not kill it: let it deliver first (" + twinlog_command("drain --wait", facts.known.config) +
                       "), then restart it, and find out what cleans up " + facts.known.spool_path + ".");
}

std::string loss_words(const Loss& loss) {
  return std::to_string(loss.leaves.first) + "-" + std::to_string(loss.leaves.last) + " (accepted between " +
         utc_text(loss.from) + " and " + utc_text(loss.until) + ", found gone at " + utc_text(loss.found_at) + ")";
}

HealthComponent lost_events(const HealthFacts& facts) {
  const std::vector<Loss>& losses = facts.spool.losses;
  std::uint64_t events = 0;
  std::string ranges;
  for (const Loss& loss : losses) {
    events += loss.leaves.last - loss.leaves.first + 1;
    ranges += ranges.empty() ? "" : ", ";
    ranges += loss_words(loss);
  }
  const std::string& first =
      std::to_string(losses.front().leaves.first) + "-" + std::to_string(losses.front().leaves.last);
  return component("spool", HealthState::kDegraded,
                   "Everything new is taken and delivered. " + count_words(events, "event") +
                       " that had been answered as stored are gone.",
                   "The spool's disk gave back other bytes than were written. Gone: " + ranges + ".",
                   "Keep the folders `damaged-*` in " + facts.known.spool_path +
                       " and check the disk (`dmesg`, `smartctl -a`). When it is known what is missing, note that: " +
                       twinlog_command("spool acknowledge " + first + " --reason ...", facts.known.config) + ".");
}

bool has_holes_in_memory(const SpoolStats& spool) {
  return spool.unreadable_ids + spool.forgotten_ids > 0;
}

HealthComponent holes_in_memory(const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  const std::string begun_anew = spool.forgotten_ids > 0
                                     ? "the memory was begun anew"
                                     : count_words(spool.unreadable_ids, "id") + " could not be read";
  return component(
      "spool", HealthState::kDegraded,
      "Everything is taken and nothing is lost. An event that is sent again may be answered as stored a "
      "second time; the stores keep it once.",
      "The spool's memory of ids, by which it knows what is sent again, was damaged on the disk: " + begun_anew + ".",
      "Check the disk of " + facts.known.spool_path +
          " (`dmesg`, `smartctl -a`): it gave back other bytes than were written. A restart of twinlog "
          "ends this warning.");
}

bool is_full_soon(const HealthFacts& facts) {
  return facts.spool.full_in && *facts.spool.full_in <= kFullSoon &&
         std::ranges::any_of(facts.stores, [&facts](const StoreFacts& store) { return is_late(facts, store); });
}

}  // namespace

HealthComponent judge_spool(const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  if (facts.phase == Phase::kStarting) {
    return component("spool", HealthState::kFailing, "No login event is taken yet; senders have to try again.",
                     "The spool in " + facts.known.spool_path + " is being opened.",
                     "Wait: after an unclean stop it replays its logs. If this lasts for minutes, read the log "
                     "(`journalctl -u twinlog`, `kubectl logs`).");
  }
  if (!facts.has_writer_ticked) {
    return component(
        "spool", HealthState::kFailing,
        "Login events are not answered: senders wait and must keep them. What was answered is safe.",
        "The thread that writes the spool has not moved for more than 90 s: the disk does not answer, or "
        "it is a defect.",
        "Look whether the disk hangs (`dmesg`, `iostat -x 1`), then restart twinlog: `systemctl restart twinlog`.");
  }
  if (!facts.missing.empty()) {
    return files_gone(facts);
  }
  if (is_refused_by_disk(spool)) {
    return not_writable(facts);
  }
  if (!spool.losses.empty()) {
    return lost_events(facts);
  }
  if (spool.is_full || spool.takes_only_base_types || is_full_soon(facts)) {
    return nearly_full(facts);
  }
  if (has_holes_in_memory(spool)) {
    return holes_in_memory(facts);
  }
  const std::uint64_t kept = spool.last_leaf + 1 - spool.first_kept_leaf;
  return well("spool", "In " + facts.known.spool_path + ": " + used_words(spool) + ", " + count_words(kept, "event") +
                           " kept, delivered ones included." + full_words(spool));
}

HealthComponent judge_disk(const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  if (facts.phase == Phase::kStarting) {
    return well("disk", "Not looked at yet: twinlog is starting.");
  }
  if (const auto silence = disk_silence(facts); silence.count() > 0) {
    return component("disk", HealthState::kFailing,
                     "Login events are not answered: senders wait and must keep them. What was answered is safe.",
                     "The disk of " + facts.known.spool_path + " has not answered for " + time_words(silence) + ".",
                     "Look whether the disk or its mount hangs (`dmesg`, `iostat -x 1`, `findmnt -T " +
                         facts.known.spool_path + "`); twinlog goes on by itself as soon as it answers.");
  }
  const std::string make_room = "Free space on the volume of " + facts.known.spool_path + " (`df -h " +
                                facts.known.spool_path +
                                "`, `du -xh` on it for what is not twinlog's) or enlarge it; "
                                "twinlog goes on by itself within seconds.";
  if (spool.is_volume_full || (spool.is_full && is_bound_by_volume(spool))) {
    return component(
        "disk", HealthState::kFailing, kNothingTaken,
        "The volume is full: " + free_words(facts) + "; the spool itself takes " + bytes_words(spool.disk_bytes) + ".",
        make_room);
  }
  if (is_refused_by_disk(spool)) {
    return component("disk", HealthState::kFailing, kNothingTaken,
                     "The disk refuses writes: " + spool.trouble + "; " + free_words(facts) + ".",
                     "Look at the kernel's messages (`dmesg`), the mount (`findmnt -T " + facts.known.spool_path +
                         "`: is it `ro`?) and the rights of the folder (`ls -ld " + facts.known.spool_path + "`).");
  }
  if (is_bound_by_volume(spool) && spool.takes_only_base_types) {
    return component("disk", HealthState::kDegraded, kOnlyBaseTypes,
                     "The volume is nearly full: " + free_words(facts) + "; the spool itself takes " +
                         bytes_words(spool.disk_bytes) + " and may take " + bytes_words(facts.known.spool_max_bytes) +
                         " (spool.max_bytes).",
                     make_room);
  }
  return well("disk", "Writable, " + free_words(facts) + ".");
}

}  // namespace twinlog
