"""A file system that cannot change the mode of a socket, as some that are shared with a virtual machine: where the mode is
right from the start nobody notices; else the start is refused and says why."""
import os
import stat
import unittest

import faked_calls
import harness
from wire import event

# Fakes what no file system of this machine does: every way to change the mode of a file that is a socket is EINVAL.
NO_CHMOD = """
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
int chmod(const char* path, mode_t mode) {
  struct stat found;
  if (stat(path, &found) == 0 && S_ISSOCK(found.st_mode)) {
    errno = EINVAL;
    return -1;
  }
  return syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}
"""


class SocketMode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = faked_calls.library(cls.addClassCleanup, NO_CHMOD)

    def agent(self, umask, **environment):
        absent = harness.free_port()
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{absent}/audit", f"mongodb://127.0.0.1:{absent}/audit",
                              environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", "LD_PRELOAD": self.library,
                                           **environment})
        self.addCleanup(agent.close)
        self.addCleanup(os.umask, os.umask(umask))
        return agent

    def test_f12_where_the_umask_leaves_the_mode_as_it_is_asked_for_the_agent_starts(self):
        agent = self.agent(0o007).start()
        self.assertEqual(stat.S_IMODE(agent.socket.stat().st_mode), 0o660)
        self.assertEqual(agent.send_lines([event("one")])[0]["status"], "stored")

    def test_where_the_mode_would_be_another_one_the_start_is_refused_with_the_cause_and_a_way_out(self):
        agent = self.agent(0o022)
        agent.start(wait=False)
        self.assertEqual(agent.process.wait(harness.PATIENCE), 1)
        for words in (str(agent.socket), "this file system cannot set a socket's mode", "tmpfs", "umask"):
            self.assertIn(words, agent.log_text())
        self.assertFalse(agent.socket.exists(), "what could not be finished is taken away")


if __name__ == "__main__":
    unittest.main()
