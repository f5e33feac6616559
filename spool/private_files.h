// Nobody but the owner reads a spool: it holds a key and personal data.
#pragma once

#include <memory>
#include <string>

#include "ledger/base/result.h"

namespace rocksdb {
class Env;
class FileSystem;
}  // namespace rocksdb

namespace twinlog {

/// `env` over `files`, with every file that is made in it of mode 0600, and every folder of 0700, whatever the umask.
/// RocksDB's own switch for that (Env::SetAllowNonOwnerAccess) does nothing in 7.8: its files are made 0644 all the
/// same.
std::unique_ptr<rocksdb::Env> make_private_env(rocksdb::Env& env, const std::shared_ptr<rocksdb::FileSystem>& files);

/// Whether the folder is its owner's alone, or can be made so by this user. kRefused, with the way out, where it
/// cannot; ok where it is not there. Changes nothing.
Status can_be_private(const std::string& folder);

/// Gives the folder mode 0700 and each file in it 0600, where they have more. Errors as can_be_private(); a file system
/// that is read-only is left as it is.
Status make_private(const std::string& folder);

}  // namespace twinlog
