// Before a spool is opened for writing, a second name is given to everything that it consists of: what RocksDB then
// takes for useless it removes, and a damaged log or MANIFEST makes it take promised events for that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"

namespace rocksdb {
class Env;
}

namespace twinlog {

/// Begins the name of a folder that stays for people.
inline constexpr std::string_view kDamagedPrefix = "damaged-";

/// One folder in the spool's own, of hard links; it takes no room but for what is removed beside it.
class Aside {
 public:
  static constexpr std::string_view kFolder = "aside";

  /// One that is there already, from an opening that did not come to its end, is kept as it is. Errors: kTransient,
  /// where a link cannot be made (a file system without hard links); nothing is changed then.
  static Result<Aside> take(rocksdb::Env& env, const std::string& spool);

  /// What is set aside does not open: from now on every opening puts it together anew, until one has come to its end.
  Status mark_broken() const;
  bool is_broken() const;
  /// It is of an opening that did not come to its end, and may have seen damage that shows no more.
  bool is_left_over() const { return is_left_over_; }

  /// Full paths, of `*.log` in the order of their numbers, and of `*.sst`.
  std::vector<std::string> logs() const;
  std::vector<std::string> tables() const;

  /// The opening lost nothing. Durable: nothing may be promised before.
  Status drop();
  /// The opening did: it stays for people, as damaged-<this moment>, or the next one that is free: a clock may say a
  /// moment twice. The path. Durable alike.
  Result<std::string> keep(UtcMicros at);

 private:
  Status rename(const std::string& name) const;
  Aside(rocksdb::Env& env, std::string spool) : env_(&env), spool_(std::move(spool)) {}
  std::vector<std::string> with_suffix(std::string_view suffix) const;
  std::string folder() const { return spool_ + "/" + std::string(kFolder); }

  Status list();

  rocksdb::Env* env_;
  std::string spool_;
  std::vector<std::string> names_;  ///< In it, when it was taken.
  bool is_left_over_ = false;
};

}  // namespace twinlog
