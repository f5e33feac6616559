#include <rocksdb/db.h>

#include "spool/database.h"
#include "spool/layout.h"

namespace twinlog {

Status Database::compact_below(std::uint64_t first_kept) {
  const std::string end = event_key(first_kept);
  const rocksdb::Slice end_slice(end);
  // All families: a log goes when none of them needs it any more.
  rocksdb::Status status = database_->Flush(rocksdb::FlushOptions(), families_);
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  options.exclusive_manual_compaction = false;
  if (status.ok()) {
    status = database_->CompactRange(options, events(), nullptr, &end_slice);
  }
  if (status.ok()) {  // Hashed ids lie everywhere: each tells the content_hash of its event until it is compacted.
    status = database_->CompactRange(options, ids(), nullptr, nullptr);
  }
  return status.ok() ? Status()
                     : database_error("trimmed events cannot be taken out of the spool's files", setup_.path(), status);
}

}  // namespace twinlog
