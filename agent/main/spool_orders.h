// What the admin socket of a running agent does about dead letters and losses. agent/cli/ADMIN_SOCKET.md describes it.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/net/admin/admin_server.h"
#include "agent/pipeline/courier.h"
#include "ledger/base/clock.h"
#include "spool/spool.h"

namespace twinlog {

class SpoolOrders {
 public:
  static constexpr std::size_t kPageLetters = 100;

  /// All outlive it. To be called before method_of() and run().
  struct Parts {
    Spool* spool = nullptr;
    std::vector<Courier*> couriers;
  };
  void attach(Parts parts) { parts_ = std::move(parts); }

  /// As AdminCommands. run() waits for the disk.
  static std::string_view method_of(std::string_view path);
  AdminPage run(std::string_view path, std::string_view query, const Clock& clock);

 private:
  using Query = std::map<std::string, std::string>;
  AdminPage letters(const Query& query) const;
  AdminPage discard(const Query& query, const Clock& clock);
  AdminPage replay(const Query& query);
  AdminPage replays(const Query& query) const;
  AdminPage losses() const;
  AdminPage acknowledge(const Query& query, const Clock& clock);
  Courier* courier_of(const Query& query) const;

  Parts parts_;
};

}  // namespace twinlog
