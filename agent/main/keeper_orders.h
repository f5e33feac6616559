// What the admin socket of a running agent does about erasure and retention. agent/cli/ADMIN_SOCKET.md describes it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "agent/keeper/keeper_desk.h"
#include "agent/net/admin/admin_server.h"

namespace twinlog {

class KeeperOrders {
 public:
  /// It outlives this. To be called before run().
  void attach(KeeperDesk& desk) { desk_ = &desk; }

  /// As AdminCommands.
  static std::string_view method_of(std::string_view path);
  AdminPage run(std::string_view path, std::string_view query);

 private:
  using Query = std::map<std::string, std::string>;
  AdminPage take(Result<KeeperOrder> order);
  AdminPage state(const Query& query) const;

  KeeperDesk* desk_ = nullptr;
};

}  // namespace twinlog
