#include "spool/spool_view.h"

#include <optional>
#include <utility>

namespace twinlog {
namespace {

constexpr int kMostTries = 50;

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
  for (int tried = 1; !view && use == SpoolUse::kInUse && tried < kMostTries; ++tried) {
    setup.take_warnings();
    view = view_once(setup);
  }
  return view;
}

}  // namespace twinlog
