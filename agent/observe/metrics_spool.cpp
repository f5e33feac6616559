#include <limits>

#include "agent/observe/health_parts.h"
#include "agent/observe/metrics_parts.h"

namespace twinlog {
namespace {

// By EventRole.
constexpr std::array<const char*, kEventRoles> kTypeNames = {"login_failed", "login_success", "lockout_reset",
                                                             "account_locked", "other"};

void add_accepted(MetricPage& page, const FrontDoorCounters& door) {
  auto accepted = page.counter("twinlog_accepted_events_total",
                               "Events accepted into the spool, by type (other: none of the four base types) and "
                               "channel (none: the event has no channel).");
  for (std::size_t role = 0; role < kEventRoles; ++role) {
    for (std::size_t channel = 0; channel <= kChannels.size(); ++channel) {
      const std::string name = channel < kChannels.size() ? std::string(kChannels.at(channel)) : "none";
      accepted.add(door.accepted.at(role).at(channel).load(), {{"channel", name}, {"type", kTypeNames.at(role)}});
    }
  }
  page.counter("twinlog_ingest_implausible_times_total",
               "Events accepted whose occurred_at lies before the year 2000 or over a day ahead.")
      .add(door.implausible_times.load());
}

void add_commits(MetricPage& page, const FrontDoorCounters& door, const SpoolStats& stats) {
  page.counter("twinlog_spool_commits_total", "Group commits that reached the disk.").add(door.commits.load());
  page.counter("twinlog_spool_commit_events_total", "Events in group commits.").add(door.commit_events.load());
  page.histogram("twinlog_spool_commit_size_events", "Events of a group commit.").add(door.commit_sizes.read(), 1);
  page.histogram("twinlog_spool_commit_seconds", "How long a group commit took, its sync included.")
      .add(door.commit_micros.read(), kMicrosPerSecond);
  page.counter("twinlog_spool_commit_errors_total", "Group commits that the disk refused.")
      .add(door.commit_errors.load());
  page.counter("twinlog_spool_syncs_total", "Syncs of the spool's log.").add(stats.syncs);
  page.counter("twinlog_spool_sync_errors_total", "Writes or syncs of the spool's log that failed.")
      .add(stats.sync_errors);
  page.counter("twinlog_spool_unreadable_ids_total", "Ids of the memory for duplicates that could not be read.")
      .add(stats.unreadable_ids);
  page.counter("twinlog_spool_ids_forgotten_total", "Times that the damaged memory for duplicates was begun anew.")
      .add(stats.forgotten_ids);
}

void add_room(MetricPage& page, const SpoolStats& stats) {
  page.gauge("twinlog_spool_size_bytes", "Bytes that the spool's folder takes on disk.").add(stats.disk_bytes);
  page.gauge("twinlog_spool_capacity_bytes", "Bytes that the spool's folder may take on disk.").add(stats.max_bytes);
  page.gauge("twinlog_spool_limit_bytes",
             "Bytes that the folder may take as things are: its capacity, or less where the volume cannot give that.")
      .add(stats.limit_bytes);
  page.gauge("twinlog_spool_reserve_bytes", "Bytes below the limit that are kept free of events for the spool's files.")
      .add(stats.reserve_bytes);
  page.gauge("twinlog_spool_volume_free_bytes", "Bytes that the spool's volume would still give; NaN: not known.")
      .add(stats.volume_free_bytes ? static_cast<double>(*stats.volume_free_bytes)
                                   : std::numeric_limits<double>::quiet_NaN());
  page.gauge("twinlog_spool_full_in_seconds", "Until the spool is full at the last minute's rate; +Inf: never.")
      .add(stats.full_in ? static_cast<double>(stats.full_in->count()) : std::numeric_limits<double>::infinity());
  page.gauge("twinlog_spool_full", "1 while the spool takes no event.").add(stats.is_full);
  page.gauge("twinlog_spool_base_types_only", "1 while the spool takes only the four base types of events, or none.")
      .add(stats.takes_only_base_types);
  page.gauge("twinlog_spool_records", "Accepted versions that the spool keeps, delivered ones included.")
      .add(stats.records());
  page.gauge("twinlog_spool_lost_events",
             "Leaves that are gone, promised events and the agent's own among them, and nobody has acknowledged.")
      .add(lost_leaves(stats));
  page.gauge("twinlog_spool_damaged_copies", "Folders of files as an opening found them damaged.")
      .add(stats.damaged_copies);
  page.gauge("twinlog_spool_damaged_bytes", "Bytes that taking those folders away would free.")
      .add(stats.damaged_bytes);
  page.gauge("twinlog_dead_letters_max_bytes", "Bytes that the dead letters of all stores together may take.")
      .add(stats.dead_letters_max);
  page.gauge("twinlog_spool_writable", "1 when the last write to the spool succeeded.").add(stats.writable);
}

}  // namespace

void add_spool_metrics(MetricPage& page, const FrontDoorCounters& door, const SpoolStats& stats) {
  add_accepted(page, door);
  add_commits(page, door, stats);
  add_room(page, stats);
}

}  // namespace twinlog
