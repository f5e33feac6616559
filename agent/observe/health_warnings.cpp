#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

std::string key_of(StoreId store) {
  return "stores." + std::string(store_name(store));
}

HealthWarning no_second_copy(StoreId store) {
  return {.name = "store_disabled",
          .words = sentence(std::string(store_title(store))) + " is turned off: there is no second copy of the record.",
          .action = "Set " + key_of(store) + ".enabled = true and its address, then restart."};
}

HealthWarning conflicts_of(StoreId store, std::uint64_t conflicts) {
  return {.name = "conflicts",
          .words = sentence(std::string(store_title(store))) + " got " + count_words(conflicts, "event") +
                   " with the id of another one and other content since the start of this agent. The first one stands, "
                   "the other is kept beside it: a sender uses ids twice, or somebody tries to overwrite the record.",
          .action = std::string("Look at auth_log_conflicts (") +
                    (store == StoreId::kPostgres ? "`SELECT tenant_id, log_id, agent, received_at FROM "
                                                   "auth_log_conflicts ORDER BY received_at DESC LIMIT 20`"
                                                 : "`db.auth_log_conflicts.find().sort({received_at: -1}).limit(20)`") +
                    "), and at the sender."};
}

void add_running_warnings(const HealthFacts& facts, std::vector<HealthWarning>& warnings) {
  if (facts.is_volume_ephemeral) {
    warnings.push_back({.name = "spool_volume_ephemeral",
                        .words = "The spool lies on a volume that goes with the pod or the machine's memory: what is "
                                 "not delivered when it goes is lost.",
                        .action = "Put spool.path on a volume that stays (a StatefulSet with a PersistentVolumeClaim), "
                                  "or say spool.volume = \"durable\" if it does."});
  }
  if (facts.spool.max_bytes < facts.known.spool_max_bytes) {
    warnings.push_back({.name = "spool_volume_small",
                        .words = "The volume has " + bytes_words(facts.spool.max_bytes) +
                                 " in all and spool.max_bytes promises " + bytes_words(facts.known.spool_max_bytes) +
                                 ".",
                        .action = "Enlarge the volume of " + facts.known.spool_path + ", or lower spool.max_bytes."});
  }
  if (facts.ledger.is_throw_away) {
    warnings.push_back({.name = "ledger_key_throw_away",
                        .words = "The ledger is signed for by a key that this spool has made for itself: only those "
                                 "who keep its `ledger_key` line elsewhere can tell its record from a forged one.",
                        .action = "Make a key with `twinlog keygen`, set ledger.enrolment_key_file, and restart."});
  }
  if (facts.most_connections < facts.wanted_connections) {
    warnings.push_back({.name = "few_open_files",
                        .words = "The limit of open files lets " + count_words(facts.most_connections, "sender") +
                                 " connect at once instead of " + std::to_string(facts.wanted_connections) + ".",
                        .action = "Raise `LimitNOFILE=` of the unit, or `ulimit -Hn` of whatever starts twinlog."});
  }
  for (const std::string& folder : facts.open_folders) {
    warnings.push_back({.name = "socket_folder_open",
                        .words = "Everybody may write to " + folder +
                                 ": each of them can put a socket of his own into the place of twinlog's and take what "
                                 "senders send.",
                        .action = "Take the right to write from others (`chmod o-w`), or make the folder "
                                  "sticky (`chmod +t`)."});
  }
  if (facts.implausible_times > 0) {
    warnings.push_back({.name = "implausible_times",
                        .words = count_words(facts.implausible_times, "event") +
                                 " since the start carried a time before the year 2000 or over a day ahead: they are "
                                 "kept, but stand in the wrong place.",
                        .action = "Mend the sender's clock (`timedatectl`) or its unit: a number below 10^11 is "
                                  "seconds, a larger one milliseconds."});
  }
  for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
    if (const std::uint64_t conflicts = facts_of(facts, store).courier.conflicts; conflicts > 0) {
      warnings.push_back(conflicts_of(store, conflicts));
    }
  }
}

}  // namespace

std::vector<HealthWarning> health_warnings(const HealthFacts& facts) {
  std::vector<HealthWarning> warnings;
  for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
    if (!facts_of(facts, store).is_enabled) {
      warnings.push_back(no_second_copy(store));
    }
  }
  if (facts.phase != Phase::kStarting) {
    add_running_warnings(facts, warnings);
  }
  return warnings;
}

}  // namespace twinlog
