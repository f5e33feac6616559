#include "agent/observe/readiness.h"

#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

std::string standing_words(const HealthFacts& facts) {
  if (!facts.has_writer_ticked) {
    return "the spool writer thread does not tick";
  }
  return facts.has_intake_ticked ? "" : "the intake thread does not tick";
}

std::string disk_words(const HealthFacts& facts) {
  if (const auto silence = disk_silence(facts); silence.count() > 0) {
    return "the spool's disk has not answered for " + time_words(silence);
  }
  if (!facts.missing.empty()) {
    return "files of the spool in " + facts.known.spool_path + " are gone: " + facts.missing;
  }
  return facts.spool.writable ? "" : "the spool's disk refuses writes";
}

std::string full_spool_words(const SpoolStats& spool) {
  const std::string left =
      spool.volume_free_bytes ? "; its volume has " + std::to_string(*spool.volume_free_bytes) + " bytes left" : "";
  return "the spool is full: " + std::to_string(spool.disk_bytes) + " of " + std::to_string(spool.max_bytes) +
         " bytes" + left;
}

std::string way_words(const HealthFacts& facts) {
  for (const WayFacts* way : {&facts.socket, &facts.http}) {
    if (way->is_on && !way->can_be_found) {
      return "the socket file " + way->address + " is gone or another one's";
    }
  }
  return is_crowded(facts) ? "every connection of senders is taken" : "";
}

}  // namespace

std::string why_not_ready(const HealthFacts& facts, WhenFull when_full) {
  switch (facts.phase) {
    case Phase::kStarting:
      return "starting";
    case Phase::kStopping:
      return "stopping: no new events are taken";
    case Phase::kRunning:
      break;
  }
  for (std::string words : {standing_words(facts), disk_words(facts)}) {
    if (!words.empty()) {
      return words;
    }
  }
  return facts.spool.is_full && when_full == WhenFull::kNotReady ? full_spool_words(facts.spool) : way_words(facts);
}

}  // namespace twinlog
