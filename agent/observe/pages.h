// The pages of the admin endpoint (docs/OPERATING.md): /livez /startupz /readyz /healthz /metrics /version
// /checkpoint.
#pragma once

#include <string>
#include <string_view>

#include "agent/net/admin/admin_server.h"
#include "agent/observe/observed.h"

namespace twinlog {

class Pages final : public AdminPages {
 public:
  explicit Pages(const Observed& observed) : observed_(observed) {}
  AdminPage page(std::string_view path) override;

 private:
  AdminPage livez() const;
  AdminPage startupz() const;
  AdminPage checkpoint() const;
  AdminPage readyz() const;

  const Observed& observed_;
};

/// The worker thread that stands still, in words; "" while all tick, and while the agent starts or stops. What /livez
/// says, and what the service manager's watchdog is fed by.
std::string standing_thread(const Observed& observed);

/// The version of this build, e.g. "0.1.0".
std::string_view twinlog_version();

}  // namespace twinlog
