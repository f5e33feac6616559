#include "agent/main/spool_writer.h"

namespace twinlog {
namespace {

constexpr std::chrono::milliseconds kMaintainEvery{1000};

}  // namespace

std::chrono::milliseconds SpoolWriter::step() {
  const bool has_more = parts_.front_door.step();
  const auto now = parts_.clock.steady_now();
  parts_.tick.store(now);
  if (now - maintained_at_ >= kMaintainEvery) {
    maintain(now);
  }
  return has_more ? std::chrono::milliseconds{0} : kMaintainEvery;
}

void SpoolWriter::maintain(std::chrono::steady_clock::time_point now) {
  maintained_at_ = now;
  const Status maintained = parts_.spool.maintain(now);
  if (!maintained.ok() && !is_maintaining_badly_) {
    parts_.log.line(LogLevel::kError, "spool_maintenance_failed", "the spool cannot be trimmed or measured",
                    {{"reason", maintained.error().message()}});
  }
  is_maintaining_badly_ = !maintained.ok();
}

}  // namespace twinlog
