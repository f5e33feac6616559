#include "agent/pipeline/batch_reader.h"

#include <system_error>
#include <utility>

#include "ledger/base/thread_name.h"

namespace twinlog {
Result<SpoolBatch> BatchReader::take(const BatchRange& range) {
  auto ahead = std::exchange(ahead_, {});
  if (ahead.valid() && ahead_range_ == range) {
    auto batch = ahead.get();
    if (batch && batch->last_number > 0) {
      return batch;
    }
  }
  ahead = {};  // Waits for a reading of another range.
  return read_(range);
}

void BatchReader::read_ahead(const BatchRange& range) {
  forget();
  try {
    ahead_ = std::async(std::launch::async, [this, range] {
      name_this_thread("read-ahead");
      return read_(range);
    });
    ahead_range_ = range;
  } catch (const std::system_error&) {
    // No thread to be had: the batch is read when it is due.
  }
}

}  // namespace twinlog
