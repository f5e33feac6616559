// Files that somebody took from under an open database, which itself goes on and notices nothing.
#pragma once

#include <string>

namespace rocksdb {
class DB;
}

namespace twinlog {

/// What of the database's files is no longer in its folder, for people: "the folder", "CURRENT, MANIFEST-000004"; ""
/// while all are there. Looks at the disk.
std::string missing_files(rocksdb::DB& database);

}  // namespace twinlog
