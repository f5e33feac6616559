#include "spool/spool_view.h"

#include <chrono>
#include <optional>
#include <utility>

namespace twinlog {
namespace {

constexpr std::chrono::seconds kPatience{20};

Result<SpoolView> view_once(const DatabaseSetup& setup) {
  Result<std::unique_ptr<Database>> database = Database::open_for_reading(setup);
  if (!database) {
    return database.error();
  }
  Result<std::optional<SpoolState>> state = read_state(setup, **database);
  if (!state) {
    return state.error();
  }
  if (!state->has_value()) {
    return Error(ErrorKind::kRefused, "the spool in " + setup.path() + " has not been used yet");
  }
  return SpoolView{std::move(*database), std::move(**state)};
}

}  // namespace

Result<SpoolView> view_spool(const DatabaseSetup& setup, SpoolUse use) {
  Result<SpoolView> view = view_once(setup);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!view && use == SpoolUse::kInUse && view.error().kind() != ErrorKind::kRefused &&
         std::chrono::steady_clock::now() < deadline) {
    setup.take_warnings();
    view = view_once(setup);
  }
  return view;
}

}  // namespace twinlog
