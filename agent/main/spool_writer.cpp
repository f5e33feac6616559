#include "agent/main/spool_writer.h"

#include <algorithm>
#include <utility>

namespace twinlog {
namespace {

constexpr std::chrono::milliseconds kMaintainEvery{1000};

}  // namespace

std::chrono::milliseconds SpoolWriter::step() {
  parts_.tick.store(parts_.clock.steady_now());  // What a commit that hangs is measured from.
  if (!is_closed_) {
    parts_.notary.before_commit();
  }
  const bool has_more = parts_.front_door.step();
  if (has_more) {
    parts_.notary.after_commit();
  }
  std::chrono::milliseconds wait = is_closed_ ? kMaintainEvery : parts_.notary.step();
  if (is_to_close_ && !has_more) {
    close_now();
  }
  const auto now = parts_.clock.steady_now();
  parts_.tick.store(now);
  if (now - maintained_at_ >= kMaintainEvery) {
    maintain(now);
  }
  return has_more ? std::chrono::milliseconds{0} : std::min(wait, kMaintainEvery);
}

void SpoolWriter::close_now() {
  if (!is_closed_) {
    parts_.notary.close();
    is_closed_.store(true);  // Not before: who waits for it looks then whether the stores have all, CLOSE included.
  }
}

void SpoolWriter::maintain(std::chrono::steady_clock::time_point now) {
  maintained_at_ = now;
  const Status maintained = parts_.spool.maintain(now);
  for (const std::string& warning : parts_.spool.take_warnings()) {
    parts_.log.line(LogLevel::kError, "spool_damaged", warning, {});
  }
  const std::string trouble = maintained.ok() ? "" : maintained.error().message();
  if (trouble == std::exchange(trouble_, trouble)) {
    return;
  }
  if (trouble.empty()) {
    parts_.log.line(LogLevel::kInfo, "spool_maintained_again", "the upkeep of the spool works again");
  } else {
    parts_.log.line(LogLevel::kError, "spool_maintenance_failed", "the upkeep of the spool failed",
                    {{"reason", trouble}});
  }
}

}  // namespace twinlog
