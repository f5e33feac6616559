// What the admin socket of a running agent does beside showing its pages (docs/OPERATING.md): POST /drain,
// GET /spool/status, GET /spool/export, and what spool_orders.h and keeper_orders.h do. agent/cli/ADMIN_SOCKET.md
// describes them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "agent/cli/spool_page.h"
#include "agent/main/keeper_orders.h"
#include "agent/main/spool_orders.h"
#include "agent/net/admin/admin_server.h"
#include "agent/observe/observed.h"
#include "agent/pipeline/drain_request.h"

namespace twinlog {

class AdminAgentCommands final : public AdminCommands {
 public:
  /// Limits of one page of an export.
  static constexpr std::size_t kExportBytes = 1U << 20U;
  static constexpr std::size_t kExportEvents = 2000;

  /// Both outlive it. Answers 503 while the phase is kStarting.
  AdminAgentCommands(const Observed& observed, DrainRequest& drain, std::string spool_path)
      : observed_(observed), drain_(drain), spool_path_(std::move(spool_path)) {}

  /// Before the phase is kRunning.
  void attach(SpoolOrders::Parts parts, KeeperDesk& desk) {
    orders_.attach(std::move(parts));
    keeper_orders_.attach(desk);
  }

  std::string_view method_of(std::string_view path) const override;
  AdminPage run(std::string_view path, std::string_view query) override;

 private:
  /// Whether the times of records are read from the spool, which may wait for its disk; a drain must not.
  enum class Times : std::uint8_t { kRead, kUnread };
  AdminPage spool_status(Times times) const;
  AdminPage spool_export(std::string_view query) const;
  StoreProgress progress_of(StoreId store, const SpoolStats& stats) const;

  const Observed& observed_;
  DrainRequest& drain_;
  const std::string spool_path_;
  SpoolOrders orders_;
  KeeperOrders keeper_orders_;
};

}  // namespace twinlog
