// The process around `send`: its streams and signals.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "agent/cli/send.h"
#include "tests/main/send_fake_agent.h"
#include "tests/main/send_rig.h"

namespace twinlog {
namespace {

using ::twinlog::testing::FakeAgent;
using ::twinlog::testing::FakePeer;
using ::twinlog::testing::Pipe;

/// Runs the command on a standard input that holds one event and has no end where a signal is to end it.
[[noreturn]] void send_and_exit(int pending_signal) {
  FakeAgent agent({[](FakePeer& peer) { peer.stored_to_all(); }});
  Pipe input;
  input.write(twinlog::testing::events(1));
  (void)::dup2(input.read_end, STDIN_FILENO);
  if (pending_signal == 0) {
    input.close_write_end();
  } else {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, pending_signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    (void)::raise(pending_signal);
  }
  std::exit(static_cast<int>(run_send_command(twinlog::testing::quick_options(agent.path()))));
}

class SendCommandDeathTest : public ::testing::Test {
 protected:
  SendCommandDeathTest() { ::testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

TEST_F(SendCommandDeathTest, StandardInputIsSentToItsEnd) {
  EXPECT_EXIT(send_and_exit(0), ::testing::ExitedWithCode(0), "");
}

TEST_F(SendCommandDeathTest, AnInterruptEndsItWithAnExitCodeInPlaceOfTheSignal) {
  EXPECT_EXIT(send_and_exit(SIGINT), ::testing::ExitedWithCode(1), "");
  EXPECT_EXIT(send_and_exit(SIGTERM), ::testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace twinlog
