#include "spool/spool_errors.h"

#include <utility>

namespace twinlog {

Error spool_closed(const std::string& path) {
  return {ErrorKind::kTransient, "the spool in " + path +
                                     " met a disk error and cannot be opened again yet; it is tried every second, "
                                     "check the volume"};
}

Error no_epoch(const std::string& path) {
  return {
      ErrorKind::kTransient,
      "the spool in " + path + " takes nothing until a new epoch of the ledger is begun in it, which is tried again"};
}

Error spool_is_another(const std::string& path) {
  return {ErrorKind::kCorrupt, "the spool in " + path +
                                   " came back from a disk error as another one, without what it held; nothing is "
                                   "taken: keep a copy of the folder, check the disk, restart"};
}

Error no_such_loss(const LeafRange& lost) {
  return {ErrorKind::kRefused, "the spool has no loss " + std::to_string(lost.first) + "-" + std::to_string(lost.last) +
                                   "; `twinlog spool status` names those that nobody has acknowledged"};
}

Error spool_volume_full(const std::string& path) {
  return {ErrorKind::kFull, "the volume of the spool in " + path +
                                " is full; what the spool holds is delivered, nothing is taken; make room on the "
                                "volume"};
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

void Warnings::add(std::vector<std::string> lines) {
  const std::scoped_lock lock(mutex_);
  for (std::string& line : lines) {
    if (lines_.size() < kMost) {
      lines_.push_back(std::move(line));
    }
  }
}

std::vector<std::string> Warnings::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(lines_, {});
}

}  // namespace twinlog
