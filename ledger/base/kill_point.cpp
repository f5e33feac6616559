#include "ledger/base/kill_point.h"

#ifdef TWINLOG_KILL_POINTS

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace twinlog {
namespace {

/// What the environment asks for. Read once: tests set it before the process starts.
class KillOrders {
 public:
  KillOrders() {
    if (const char* const order = std::getenv("TWINLOG_KILL_AT")) {
      const std::string_view text(order);
      const std::size_t colon = text.rfind(':');
      name_ = text.substr(0, colon);
      visit_ = colon == std::string_view::npos ? 1 : std::strtoul(order + colon + 1, nullptr, 10);
    }
    if (const char* const file = std::getenv("TWINLOG_KILL_POINTS_VISITED")) {
      visited_ = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    }
  }

  void reach(const char* name) {
    if (name_.empty() && visited_ < 0) {
      return;
    }
    const std::scoped_lock lock(mutex_);
    const unsigned long visit = ++visits_[name];
    if (visit == 1 && visited_ >= 0) {
      const std::string line = std::string(name) + "\n";
      if (write(visited_, line.data(), line.size()) < 0) {
        std::abort();  // A test that misses visits would prove nothing.
      }
    }
    if (visit == visit_ && name == name_) {
      raise(SIGKILL);
    }
  }

 private:
  std::string name_;
  unsigned long visit_ = 0;
  int visited_ = -1;
  std::mutex mutex_;
  std::map<std::string, unsigned long, std::less<>> visits_;
};

}  // namespace

void reach_kill_point(const char* name) {
  static KillOrders orders;
  orders.reach(name);
}

}  // namespace twinlog

#endif
