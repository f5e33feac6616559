"""A network volume without its lock service: the start is refused and names the volume, not another process."""
import unittest

import faked_calls
import harness
from wire import event

# Fakes what no volume of this machine does: every lock of a file is ENOLCK.
NO_LOCKS = """
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>
static int faked(int descriptor, int command, long argument) {
  if (command == F_SETLK || command == F_SETLKW || command == F_GETLK) {
    errno = ENOLCK;
    return -1;
  }
  return (int)syscall(SYS_fcntl, descriptor, command, argument);
}
int fcntl(int descriptor, int command, ...) {
  va_list rest;
  va_start(rest, command);
  long argument = va_arg(rest, long);
  va_end(rest);
  return faked(descriptor, command, argument);
}
int fcntl64(int descriptor, int command, ...) {
  va_list rest;
  va_start(rest, command);
  long argument = va_arg(rest, long);
  va_end(rest);
  return faked(descriptor, command, argument);
}
"""
WORDS = "locks do not work on the volume of the spool in"
IN_USE = "in use by another process"


class VolumeWithoutLocks(unittest.TestCase):
    def agent(self, **environment):
        absent = harness.free_port()
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{absent}/audit", f"mongodb://127.0.0.1:{absent}/audit",
                              environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": "0s", **environment})
        self.addCleanup(agent.close)
        return agent

    def refused(self, agent):
        agent.start(wait=False)
        self.assertEqual(agent.process.wait(harness.PATIENCE), 1)
        return agent.log_text()

    def test_f30_the_start_is_refused_with_the_cause_and_a_way_out_and_nobody_else_is_blamed(self):
        library = faked_calls.library(self.addCleanup, NO_LOCKS)
        log = self.refused(self.agent(LD_PRELOAD=library))
        for words in (WORDS, "No locks available", "use a local volume"):
            self.assertIn(words, log)
        self.assertNotIn(IN_USE, log)

    def test_a_spool_that_another_agent_holds_is_in_use(self):
        holder = self.agent().start()
        self.assertEqual(holder.send_lines([event("one")])[0]["status"], "stored")
        log = self.refused(self.agent(TWINLOG_SPOOL_PATH=str(holder.spool)))
        self.assertIn(IN_USE, log)
        self.assertNotIn(WORDS, log)


if __name__ == "__main__":
    unittest.main()
