// Finds the server: one place after the other, each with a time of its own.
//
// libpq, which keeps no time per place when it connects without blocking, gets one address at a time, and never a name
// to look up; `host` stays beside `hostaddr`, for certificates are checked against it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "config/settings.h"
#include "ledger/base/clock.h"
#include "plugins/api/store.h"
#include "plugins/postgres/connect_names.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

/// What connecting may take, look-ups included; each place gets its share of what is left of it, within the next two.
inline constexpr std::chrono::milliseconds kRoundLimit = std::chrono::seconds{40};
inline constexpr std::chrono::milliseconds kPlaceLeast = std::chrono::seconds{2};
inline constexpr std::chrono::milliseconds kPlaceMost = std::chrono::seconds{10};
/// What the next place may take, where `places` are left (1 or more) and so much time.
std::chrono::milliseconds share_of_place(std::chrono::milliseconds left, std::size_t places);
/// All names are looked up at once.
inline constexpr std::chrono::milliseconds kLookUpLimit = std::chrono::seconds{10};

/// One thread at a time.
class Connector {
 public:
  Connector(StoreSettings settings, const Clock& clock)
      : settings_(std::move(settings)), clock_(clock), names_(clock) {}

  /// Tries the hosts in order, and of a name all addresses (kAddressesMost), and takes the first that lets us in and
  /// takes writes, whatever target_session_attrs says. Each gets connect_timeout where the address has one. The words
  /// of an error tell how many were tried.
  StoreResult<std::unique_ptr<Connection>> open();

  /// What cost time in the last open(), in words for a note: places that did not answer. "" where nothing did.
  const std::string& detour() const { return detour_; }

 private:
  StoreSettings settings_;
  const Clock& clock_;
  NameLookUps names_;
  std::string detour_;
};

}  // namespace twinlog::postgres
