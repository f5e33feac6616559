#include "agent/main/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "agent/net/intake/intake_server.h"
#include "agent/observe/pages.h"
#include "tests/support/simulation.h"
#include "tests/support/temp_folder.h"

namespace twinlog {
namespace {

using Environment = std::map<std::string, std::string>;
using std::chrono::milliseconds;

/// A fake: an intake of which only the tick is looked at, since a real one cannot be made to stand still.
class IntakeThatTicks final : public IntakeServer {
 public:
  void ask_to_stop(milliseconds /*grace*/) override {}
  bool has_stopped() const override { return false; }
  void stop(milliseconds /*grace*/) override {}
  void set_allowed_peers(std::vector<std::uint32_t> /*uids*/, std::vector<std::uint32_t> /*gids*/) override {}
  std::chrono::steady_clock::time_point last_tick() const override { return tick; }
  std::string http_address() const override { return ""; }
  std::string address(Transport /*transport*/) const override { return ""; }
  bool can_be_found(Transport /*transport*/) const override { return true; }
  std::vector<std::string> open_folders() const override { return {}; }
  std::string token_trouble() const override { return ""; }
  bool is_full(Transport /*transport*/) const override { return false; }

  std::chrono::steady_clock::time_point tick;
};

/// A real socket that hears what a service manager would.
class Watchdog : public ::testing::Test {
 protected:
  Watchdog() : hearing_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(hearing_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    observed_.intake = &intake_;
    observed_.phase = Phase::kRunning;
    tick_all();
  }

  std::string path() const { return folder_.path("notify"); }
  Environment environment() const { return {{"NOTIFY_SOCKET", path()}, {"WATCHDOG_USEC", "30000000"}}; }
  void tick_all() {
    intake_.tick = clock_.steady_now();
    observed_.writer_tick = clock_.steady_now();
  }
  /// The next message; "" when there is none.
  std::string heard() {
    std::array<char, 256> text{};
    const ssize_t size = ::recv(hearing_.get(), text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

  testing::TempFolder folder_;
  Descriptor hearing_;
  testing::VirtualClock clock_;
  IntakeThatTicks intake_;
  Observed observed_{clock_};
};

TEST_F(Watchdog, IsFedWhileEveryThreadTicks) {
  const ServiceManager manager(environment(), 1);
  EXPECT_EQ(manager.watchdog_interval(), milliseconds{15'000});
  EXPECT_TRUE(manager.feed_watchdog(observed_));
  EXPECT_EQ(heard(), "WATCHDOG=1");
}

TEST_F(Watchdog, IsNotFedWhileAThreadStandsStillAndTheProbeSaysTheSame) {
  const ServiceManager manager(environment(), 1);
  Pages pages(observed_);
  clock_.advance(kLongestTick + milliseconds{1});
  intake_.tick = clock_.steady_now();
  EXPECT_FALSE(manager.feed_watchdog(observed_));
  EXPECT_EQ(pages.page("/livez").body, "the spool writer thread does not tick\n");
  tick_all();
  EXPECT_TRUE(manager.feed_watchdog(observed_));
  EXPECT_EQ(pages.page("/livez").status, 200U);
  EXPECT_EQ(heard(), "WATCHDOG=1");
  clock_.advance(kLongestTick + milliseconds{1});
  observed_.writer_tick = clock_.steady_now();
  EXPECT_FALSE(manager.feed_watchdog(observed_));
  EXPECT_EQ(pages.page("/livez").body, "the intake thread does not tick\n");
  EXPECT_EQ(heard(), "");
}

TEST_F(Watchdog, IsFedWhileTheAgentStopsAlthoughThreadsHaveEnded) {
  const ServiceManager manager(environment(), 1);
  clock_.advance(kLongestTick * 2);
  observed_.phase = Phase::kStopping;
  EXPECT_TRUE(manager.feed_watchdog(observed_));
}

TEST_F(Watchdog, IsThereOnlyWhereItIsAskedForAndOfThisProcess) {
  const auto interval = [this](const std::string& name, const std::string& value) {
    Environment changed = environment();
    changed[name] = value;
    return ServiceManager(changed, 7).watchdog_interval();
  };
  EXPECT_EQ(interval("WATCHDOG_PID", "7"), milliseconds{15'000});
  EXPECT_EQ(interval("WATCHDOG_USEC", "1"), milliseconds{1});
  EXPECT_FALSE(interval("WATCHDOG_PID", "8"));
  EXPECT_FALSE(interval("WATCHDOG_PID", "seven"));
  for (const char* const wrong : {"", "0", "-1", "1s", "99999999999999999999"}) {
    EXPECT_FALSE(interval("WATCHDOG_USEC", wrong)) << wrong;
  }
  EXPECT_FALSE(interval("NOTIFY_SOCKET", ""));
}

}  // namespace
}  // namespace twinlog
