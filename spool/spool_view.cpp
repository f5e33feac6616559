#include "spool/spool_view.h"

#include <chrono>
#include <optional>
#include <utility>

namespace twinlog {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr int kSameWords = 3;  // Views in a row that warn of the same: it is damage, not a write under way.

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

Result<SpoolView> view_spool(const DatabaseSetup& setup, SpoolUse use, std::vector<std::string>& warnings) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  int same = 0;
  for (;;) {
    Result<SpoolView> view = view_once(setup);
    std::vector<std::string> said = setup.take_warnings();
    same = said == warnings ? same + 1 : 1;
    warnings = std::move(said);
    const bool is_settled = view ? warnings.empty() || same == kSameWords : view.error().kind() == ErrorKind::kRefused;
    if (use == SpoolUse::kFree || is_settled || std::chrono::steady_clock::now() >= deadline) {
      return view;
    }
  }
}

}  // namespace twinlog
