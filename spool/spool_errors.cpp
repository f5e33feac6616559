#include "spool/spool_errors.h"

namespace twinlog {

Error spool_closed(const std::string& path) {
  return {ErrorKind::kTransient, "the spool in " + path +
                                     " met a disk error and cannot be opened again yet; it is tried every second, "
                                     "check the volume"};
}

Error spool_volume_full(const std::string& path) {
  return {ErrorKind::kFull, "the volume of the spool in " + path +
                                " is full; what the spool holds is delivered, nothing is taken; make room on the "
                                "volume"};
}

Error spool_lost_promises(const std::string& path, std::uint64_t first, std::uint64_t last) {
  return {ErrorKind::kCorrupt, "the spool in " + path + " came back from a disk error without events " +
                                   std::to_string(first) + " to " + std::to_string(last) +
                                   ", which were promised; nothing more is taken: check the disk, restart"};
}

void Trouble::note(const Error& error) {
  const std::scoped_lock lock(mutex_);
  error_ = error;
}

void Trouble::clear() {
  const std::scoped_lock lock(mutex_);
  error_.reset();
}

void Trouble::tell(SpoolStats& stats) const {
  const std::scoped_lock lock(mutex_);
  if (error_) {
    stats.is_volume_full = error_->kind() == ErrorKind::kFull;
    stats.trouble = error_->message();
  }
}

Status Trouble::status() const {
  const std::scoped_lock lock(mutex_);
  return error_ ? Status(*error_) : Status();
}

}  // namespace twinlog
