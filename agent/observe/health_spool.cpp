#include <algorithm>
#include <utility>

#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

std::string used_words(const SpoolStats& spool) {
  return bytes_words(spool.disk_bytes) + " of " + bytes_words(std::min(spool.max_bytes, spool.limit_bytes)) + " used";
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

HealthComponent not_writable(const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  return unwell("spool", HealthState::kFailing, kNothingTaken, "It cannot be written: " + spool.trouble + ".",
                "See the component disk; twinlog tries again every second and needs no restart.");
}

HealthComponent nearly_full(const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  const std::string waiting = waiting_words(facts);
  const std::string diagnosis =
      used_words(spool) + (waiting.empty() ? std::string() : ", waiting for " + waiting) + "." + full_words(spool);
  if (spool.is_full) {
    return unwell("spool", HealthState::kFailing, kNothingTaken, "Full: " + diagnosis, room_advice(facts));
  }
  if (spool.takes_only_base_types) {
    return unwell("spool", HealthState::kDegraded, kOnlyBaseTypes, "Over 90 % full: " + diagnosis, room_advice(facts));
  }
  return unwell("spool", HealthState::kDegraded, "Everything is still taken.", "Filling up: " + diagnosis,
                room_advice(facts));
}

HealthComponent files_gone(const HealthFacts& facts) {
  return unwell("spool", HealthState::kFailing,
                "What is answered as stored is delivered, but does not survive a crash or a restart before that.",
                "Somebody took files of the spool in " + facts.known.spool_path + ": " + facts.missing + " gone.",
                "Do not kill it: let it deliver first (" + twinlog_command("drain --wait", facts.known.config) +
                    "), then restart it, and find out what cleans up " + facts.known.spool_path + ".");
}

std::string loss_words(const Loss& loss) {
  const StoreId store = is_lost_for(loss, StoreId::kPostgres) ? StoreId::kPostgres : StoreId::kMongodb;
  const std::string alone =
      loss.stores == kAllStores ? "" : "dead letters of " + std::string(store_title(store)) + " alone, ";
  return std::to_string(loss.leaves.first) + "-" + std::to_string(loss.leaves.last) + " (" + alone +
         "accepted between " + utc_text(loss.from) + " and " + utc_text(loss.until) + ", found gone at " +
         utc_text(loss.found_at) + ")";
}

/// More would make the sentence longer than anybody reads.
constexpr std::size_t kLossesNamed = 2;

HealthComponent losses_found(const HealthFacts& facts) {
  const std::vector<Loss>& losses = facts.spool.losses;
  std::string ranges;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    ranges += i >= kLossesNamed ? "" : (i == 0 ? "" : ", ") + loss_words(losses[i]);
  }
  if (losses.size() > kLossesNamed) {
    ranges += ", and " + std::to_string(losses.size() - kLossesNamed) + " more (" +
              twinlog_command("spool check", facts.known.config) + ")";
  }
  const std::string& first =
      std::to_string(losses.front().leaves.first) + "-" + std::to_string(losses.front().leaves.last);
  return unwell("spool", HealthState::kDegraded,
                "Everything new is taken and delivered. " + leaves_words(lost_leaves(facts.spool)) +
                    " are gone: events that had been answered as stored, and what the agent itself wrote between them.",
                "Files of the spool were damaged or gone. Lost: " + ranges + ".",
                "Keep the folders `damaged-*` in " + facts.known.spool_path +
                    ", check the disk (`dmesg`, `smartctl -a`) and find what is missing in the senders' own logs. "
                    "Then acknowledge each range: " +
                    twinlog_command("spool acknowledge " + first + " --reason ...", facts.known.config) + ".");
}

HealthComponent damage_kept(const HealthFacts& facts) {
  const std::string& path = facts.known.spool_path;
  return unwell("spool", HealthState::kDegraded,
                "Everything new is taken and delivered, and what could be read was put back. Whether more had been "
                "promised in the last moments before a stop may not be provable.",
                "Opening the spool found files damaged and kept them as they were: " +
                    count_words(facts.spool.damaged_copies, "folder") + " `damaged-*` in " + path + ", which take " +
                    bytes_words(facts.spool.damaged_bytes) + " beside what spool.max_bytes counts.",
                "Read the lines spool_damaged of the log (`journalctl -u twinlog`, `kubectl logs`), check the disk "
                "(`dmesg`, `smartctl -a`), and compare what was sent before that stop. Move the folders away (`mv " +
                    path + "/damaged-* ...`) or remove them (`rm -r " + path +
                    "/damaged-*`) when nobody needs them: that ends this note and frees the room; the agent may run.");
}

std::string acknowledged_words(const SpoolStats& spool) {
  const std::uint64_t leaves = acknowledged_leaves(spool);
  return leaves == 0 ? ""
                     : " " + leaves_words(leaves) + (leaves == 1 ? " is" : " are") +
                           " on record as lost, and somebody has acknowledged that.";
}

bool has_holes_in_memory(const SpoolStats& spool) {
  return spool.unreadable_ids + spool.forgotten_ids > 0;
}

HealthComponent holes_in_memory(const HealthFacts& facts) {
  const SpoolStats& spool = facts.spool;
  const std::string begun_anew = spool.forgotten_ids > 0
                                     ? "the memory was begun anew"
                                     : count_words(spool.unreadable_ids, "id") + " could not be read";
  return unwell(
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
    return unwell("spool", HealthState::kFailing, "No login event is taken yet; senders have to try again.",
                  "The spool in " + facts.known.spool_path + " is being opened.",
                  "Wait: after an unclean stop it replays its logs. If this lasts for minutes, read the log "
                  "(`journalctl -u twinlog`, `kubectl logs`).");
  }
  if (!facts.has_writer_ticked) {
    return unwell(
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
    return losses_found(facts);
  }
  if (spool.is_full || spool.takes_only_base_types || is_full_soon(facts)) {
    return nearly_full(facts);
  }
  if (spool.damaged_copies > 0) {
    return damage_kept(facts);
  }
  if (has_holes_in_memory(spool)) {
    return holes_in_memory(facts);
  }
  return well("spool", "In " + facts.known.spool_path + ": " + used_words(spool) + ", " +
                           count_words(spool.records(), "event") + " kept, delivered ones included." +
                           full_words(spool) + acknowledged_words(spool));
}

}  // namespace twinlog
