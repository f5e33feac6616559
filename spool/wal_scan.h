// What can still be read of a write-ahead log, behind damage too, where RocksDB's own replay ends.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "ledger/base/result.h"

namespace rocksdb {
class Env;
}

namespace twinlog {

/// Gives each whole record of the log to `visit`, in order: a write batch as RocksDB encodes it. Records whose checksum
/// is wrong are passed over; what stands behind them is found by the length of the damaged one, or at the next block.
/// Format: RocksDB's "Write Ahead Log File Format" (blocks of 32 KiB; checksum, length and type before each piece).
/// Errors: kTransient, where the file cannot be read at all. Reads the whole log into memory, twice.
Status scan_wal(rocksdb::Env& env, const std::string& file, const std::function<void(std::string_view)>& visit);

}  // namespace twinlog
