// Host names to addresses with an end to the waiting: getaddrinfo() has no deadline and nothing can end it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ledger/base/clock.h"

namespace twinlog::postgres {

/// Of one name so many addresses are given at once; where it has more, the next answer begins behind them.
inline constexpr std::size_t kAddressesMost = 16;
/// What came too late for its asker still serves the next one, for this long after it was asked for.
inline constexpr std::chrono::seconds kLateAnswerMost{60};

/// Each look-up is a thread of its own, which a look-up that hangs outlives its asker in; of one name there is at most
/// one at a time, however often it is asked for. One thread at a time.
class NameLookUps {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Answer {
    int error = 0;                       ///< Of getaddrinfo(); EAI_INPROGRESS: no answer by the deadline.
    std::vector<std::string> addresses;  ///< As libpq's hostaddr takes them, in the resolver's order, none twice.
  };

  explicit NameLookUps(const Clock& clock) : clock_(clock) {}

  /// Begins to look up the name, unless that is under way.
  void begin(const std::string& name);
  /// The answer to what begin() began.
  Answer wait(const std::string& name, TimePoint deadline);

 private:
  struct LookUp;
  struct Asked {
    std::shared_ptr<LookUp> look_up;
    TimePoint at;
  };
  Answer in_turn(Answer answer);

  const Clock& clock_;
  std::map<std::string, Asked> asked_;  ///< No more than the names of the address.
  std::size_t turn_ = 0;
};

/// Whether this is an address by itself.
bool is_numeric_address(const std::string& host);

}  // namespace twinlog::postgres
