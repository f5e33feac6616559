// The files of a spool, each read on its own: whether its bytes are those that were written, and which events it holds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"

namespace rocksdb {
class Env;
}

namespace twinlog {

/// The names in the folder that end so, in the order of RocksDB's numbers.
Result<std::vector<std::string>> files_with_suffix(rocksdb::Env& env, const std::string& folder,
                                                   std::string_view suffix);

using VisitLeaf = std::function<void(std::uint64_t leaf)>;

struct TableCheck {
  std::string family;  ///< "" where the table cannot be opened.
  std::string damage;  ///< RocksDB's words; "" when it is whole.
};
/// Every block against its checksum.
TableCheck check_table(const std::string& file);
/// The events of a table, up to the first block that is damaged; none where it is another family's.
void visit_table_events(const std::string& file, const VisitLeaf& visit);

/// The events of a log, behind damage too. `events_family` is its number in the database.
Status visit_log_events(rocksdb::Env& env, const std::string& file, std::uint32_t events_family,
                        const VisitLeaf& visit);

}  // namespace twinlog
